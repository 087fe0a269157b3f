// Charts drawn anew, as they are drawn on the server: round ticks, columns from zero.

function ticks(low, high, most, whole) {
  const reach = compare(high, { n: -low.n, s: low.s }) < 0 ? { n: -low.n, s: low.s } : high;
  if (reach.n === 0n) return null;
  const magnitude = String(reach.n).length - reach.s - 1;
  const shifted = (n, by) => (by < 0 ? { n, s: -by } : { n: n * ten(by), s: 0 });
  const step = [10n, 20n, 25n, 50n, 100n, 200n, 250n, 500n, 1000n]
    .map((base) => trimmed(shifted(base, magnitude - 2)))
    .find((step) => (!whole || step.s === 0) && compare(times(step, number(most)), reach) >= 0);
  const at = [zero];
  while (compare(at.at(-1), high) < 0) at.push(plus(at.at(-1), step));
  while (compare(at[0], low) > 0) at.unshift(plus(at[0], { n: -step.n, s: step.s }));
  return { step, at };
}

// What stands at the ticks: where that would be long, in millions and more.
function tickLabels(format, step, at) {
  const own = trimmed(format.at === "%" ? times(step, number(100)) : step);
  const full = at.map((tick) => told({ ...format, places: own.s }, tick, true));
  const power = step.s > 0 ? 0 : Math.floor((String(step.n).length - 1) / 3) * 3;
  if (format.at === "%" || power < 6 || Math.max(...full.map((text) => [...text].length)) <= 11) return full;
  const suffix = { 6: "\u2009M", 9: "\u2009bn", 12: "\u2009tn" }[power] ?? `e${power}`;
  const short = ({ n, s }) => trimmed({ n, s: s + power });
  const places = short(step).s;
  return at.map((tick, place) => (tick.n === 0n ? full[place] : told({ ...format, places }, short(tick), true) + suffix));
}

const NS = "http://www.w3.org/2000/svg";

function svg(name, attributes, ...inside) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

// Draws values over the slots of a chart that is there, into copies of its two drawings; null
// where there is nothing to draw.
function drawn([plot, axis], format, values, titles) {
  const known = values.filter((value) => value);
  if (!known.length) return null;
  const extreme = (sign) => known.reduce((a, b) => (compare(b, a) * sign > 0 ? b : a), zero);
  const height = Number(plot.getAttribute("height"));
  const large = height > 150;
  const { step, at } = ticks(extreme(-1), extreme(1), large ? 5 : 2, !format.places && format.at !== "%") ?? {};
  if (!at) return null;
  const [low, high] = [at[0], at.at(-1)];
  const minus = (a, b) => plus(a, { n: -b.n, s: b.s });
  const decimal = ({ n, s }) => Number(`${n}e-${s}`);
  const y = (value) => height - 24 - (height - 33) * decimal(over(minus(value, low), minus(high, low)));
  const labels = tickLabels(format, step, at);
  const [lines, texts] = [[], []];
  for (const [place, tick] of at.entries()) {
    const there = y(tick).toFixed(1);
    lines.push(svg("line", { class: tick.n === 0n ? "base" : "grid", x2: "100%", y1: there, y2: there }));
    if (tick.n !== 0n) {
      texts.push(svg("text", { class: "tick", x: 8, y: (y(tick) + 4).toFixed(1) }, labels[place]));
    }
  }
  const slot = 100 / values.length;
  const width = Math.min(slot * 0.64, 8);
  const columns = [...plot.querySelectorAll("g")].map((there, place) => {
    const column = svg("g", {}, svg("title", {}, titles[place]));
    const value = values[place];
    if (value) {
      const [to, from] = [y(value), y(zero)];
      column.append(svg("rect", {
        class: "col",
        x: `${(slot * (place + 0.5) - width / 2).toFixed(2)}%`,
        y: Math.min(to, from).toFixed(1),
        width: `${width.toFixed(2)}%`,
        height: (value.n === 0n ? 0 : Math.max(Math.abs(to - from), 1)).toFixed(1),
        rx: 2,
      }));
    }
    const label = there.querySelector("text");
    if (label) column.append(label.cloneNode(true));
    return column;
  });
  const drawing = [plot.cloneNode(false), axis.cloneNode(false)];
  drawing[0].append(...lines, ...columns);
  drawing[1].append(...texts);
  const longest = Math.max(0, ...texts.map(({ textContent }) => [...textContent].length));
  drawing[1].setAttribute("width", Math.max(longest * 7 + 10, 48));
  return drawing;
}
