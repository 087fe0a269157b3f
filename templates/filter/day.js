// The page: its controls, the choice in its address, and its tiles and panels for a choice.

const DASH = "\u2014";
const WHOLE = { places: 0, at: "" };
const SHARE = { places: 1, at: "%" };
const PILLS = 8;
const FINDABLE = 12;

function make(name, attributes, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

// A name within a line: what runs from right to left in it does not turn the rest of the line.
function isolated(name) {
  if (!/[\u0590-\u{10ffff}]/u.test(name)) return name;
  return "\u2068" + name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd") + "\u2069";
}

function named([, main, small], ...more) {
  const name = make("span", { class: "name" }, make("bdi", {}, main));
  if (small !== null) name.append(" ", make("small", {}, make("bdi", {}, small)));
  name.append(...more);
  return name;
}

// The choice as it stands in the address: a map from dimensions to sets of keys. NULL is `~`.
function read(data, fragment) {
  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const key = (text) => (text === "~" ? null : decoded(text.replace(/^~~/, "~")));
  const choice = new Map();
  const strange = [];
  for (const part of fragment.slice(1).split("&").filter((part) => part.includes("="))) {
    const [name, keys] = part.split("=");
    const at = data.dimensions.findIndex((dimension) => dimension.name === decoded(name));
    if (at < 0) strange.push(decoded(name));
    else choice.set(at, new Set(keys.split(",").map(key)));
  }
  return { choice, strange };
}

function written(data, choice) {
  const key = (key) => (key === null ? "~" : encodeURIComponent(key).replace(/^~/, "~~"));
  const one = ([at, keys]) => `${encodeURIComponent(data.dimensions[at].name)}=${[...keys].map(key)}`;
  return [...choice].map(one).join("&");
}

function placed(data, choice) {
  return new Map([...choice].map(([at, keys]) => {
    const { members } = data.dimensions[at];
    return [at, new Set([...members.keys()].filter((member) => keys.has(members[member][0])))];
  }));
}

function tile(data, at, known, had) {
  const { format, parts, is } = data.metrics[at];
  const figure = known.figure(at);
  const [digits, unit] = figure.value ? show(format, figure.value) : [figure === UNKNOWN ? UNKNOWN.reason : "unknown"];
  const length = [...digits].length;
  const size = !figure.value ? " none" : length > 18 ? " huge" : length > 11 ? " long" : "";
  const value = make("p", { class: "value" + size }, digits);
  if (unit) value.append(make("small", {}, "\u2009", make("bdi", {}, unit)));
  const lines = [];
  if (!figure.value && figure !== UNKNOWN) lines.push(figure.reason);
  if (figure.above) {
    const part = (at, value) => `${told(data.metrics[at].format, value)} ${data.metrics[at].word}`;
    lines.push(`${part(parts[0], figure.above)} / ${part(parts[1], figure.below)}`);
  }
  if (is === "avg" && figure.count) lines.push(`of ${told(WHOLE, figure.count)} values`);
  if (figure !== UNKNOWN && had.some((part) => !part.matches("h3,.value,.made-of"))) {
    lines.push(`changes: ${UNKNOWN.reason}`);
  }
  return [had[0], value, ...lines.map((line) => make("p", { class: "made-of" }, line))];
}

function table(data, panel, { rows, rest, total }, copy) {
  const formats = panel.metrics.map((at) => data.metrics[at].format);
  const columns = copy.querySelectorAll("thead th").length;
  const { time, members } = data.dimensions[panel.by];
  const firsts = rows.map(({ figures: [{ value }] }) => value).filter((value) => value);
  const largest = firsts.reduce((a, b) => (a && compare(a, b) >= 0 ? a : b), null);
  const row = (name, figures, barred, kind) => {
    const made = make("tr", kind ? { class: kind } : {}, make("th", { scope: "row" }, name));
    figures.forEach(({ value }, at) => {
      const cell = make("td", { class: "n" }, value ? told(formats[at], value, true) : DASH);
      if (at === 0 && barred && !time && value?.n > 0n) {
        const wide = rounded(over(times(value, number(100)), largest), 0).n;
        cell.className = `n bar w${wide > 0n ? wide : 1n}`;
      }
      made.append(cell);
    });
    if (panel.shares) {
      const [{ value }, whole] = [figures[0], total[0].value];
      const share = value && whole && over(value, whole);
      made.append(make("td", { class: "n mute" }, share ? told(SHARE, share) : DASH));
    }
    while (made.children.length < columns) made.append(make("td", {}));
    return made;
  };
  const plain = (text) => make("span", { class: "name" }, make("bdi", {}, text));
  const body = rows.map(({ member, figures }) => row(named(members[member]), figures, true));
  if (rest) body.push(row(plain(`${told(WHOLE, number(rest.members))} others`), rest.figures, false, "rest"));
  copy.querySelector("tbody").replaceChildren(...body);
  copy.querySelector("tfoot").replaceChildren(row(plain("All"), total));
}

function chart(data, panel, { rows }, column, there) {
  const { label, format } = data.metrics[panel.metrics[column]];
  const { word, members } = data.dimensions[panel.by];
  const figures = new Map(rows.map(({ member, figures }) => [member, figures[column]]));
  const known = [...figures].filter(([, { value }]) => value).map(([member, { value }]) => [member, value]);
  const titles = panel.slots.map((member) => {
    const figure = figures.get(member);
    return `${members[member]?.[1] ?? member}: ${!figure ? "nothing" : figure.value ? told(format, figure.value) : figure.reason}`;
  });
  const values = panel.slots.map((member) => figures.get(member)?.value ?? null);
  const drawing = drawn(there.querySelectorAll("svg"), format, values, titles);
  const what = `${label} by ${word}`;
  if (!drawing) {
    const said = [...figures.values()].includes(UNKNOWN) ? UNKNOWN.reason : "nothing for this choice";
    there.replaceWith(make("p", { class: "foot" }, `${what}: ${said}`));
    return;
  }
  const extreme = (sign) => known.reduce((a, b) => (compare(b[1], a[1]) * sign > 0 ? b : a));
  const [low, high] = [extreme(-1), extreme(1)].map(([member, value]) =>
    `${told(format, value)} (${isolated(members[member][1])})`);
  there.setAttribute("aria-label", `${what}: from ${low} to ${high}.`);
  there.replaceChildren(...drawing);
}

function article(data, panel, choice, had) {
  const found = breakdown(data, panel, choice);
  const copy = make("div", {}, ...had.map((part) => part.cloneNode(true)));
  if (!found) return [copy.firstElementChild, make("p", { class: "foot" }, UNKNOWN.reason)];
  const figures = [...found.rows.flatMap((row) => row.figures), ...(found.rest?.figures ?? []), ...found.total];
  const reasons = new Set(figures.filter(({ value }) => !value).map(({ reason }) => reason));
  copy.querySelectorAll(".foot").forEach((note) => note.remove());
  const legend = copy.querySelector(".legend");
  if (legend) legend.textContent = `a week before: ${UNKNOWN.reason}`;
  const summary = copy.querySelector(".as-table > summary");
  if (summary) summary.textContent = "The same as a table";
  copy.querySelectorAll(".drawn").forEach((there, at) => chart(data, panel, found, panel.charts[at], there));
  table(data, panel, found, copy);
  const notes = [...[...reasons].map((reason) => `${DASH} ${reason}`), ...panel.notes];
  copy.append(...notes.map((note) => make("p", { class: "foot" }, note)));
  return [...copy.children];
}

function start(data) {
  const everything = new Map();
  const kept = (parts) => [...parts].map((part) => [part, [...part.children]]);
  const tiles = kept(document.querySelectorAll(".tile")).slice(0, data.tiles.length);
  const panels = kept(document.querySelectorAll(".panel")).slice(0, data.panels.length);
  let choice = everything;
  const marks = [];

  const change = (to) => {
    const fragment = written(data, to);
    history.pushState(null, "", location.href.split("#")[0] + (fragment && "#" + fragment));
    follow();
  };
  const toggle = (at, key) => {
    const keys = new Set(choice.get(at));
    if (!keys.delete(key)) keys.add(key);
    const to = new Map(choice).set(at, keys);
    if (!keys.size) to.delete(at);
    change(to);
  };
  const without = (at) => {
    const to = new Map(choice);
    to.delete(at);
    change(to);
  };

  const follow = () => {
    const { choice: to, strange } = read(data, location.hash);
    choice = to;
    const places = placed(data, choice);
    const known = chosen(data, places);
    tiles.forEach(([there, had], at) => {
      there.replaceChildren(...(choice.size ? tile(data, data.tiles[at], known, had) : had));
    });
    panels.forEach(([there, had], at) => {
      const open = there.querySelector(".as-table")?.open;
      there.replaceChildren(...(choice.size ? article(data, data.panels[at], places, had) : had));
      const details = there.querySelector(".as-table");
      if (details) details.open = open;
    });
    for (const mark of marks) mark();
    for (const link of document.querySelectorAll("a[rel=prev]")) link.hash = location.hash;
    say(known, strange);
  };

  const status = make("span", { role: "status" });
  const clear = make("button", { type: "button" }, "Show all");
  const line = make("p", { class: "note chosen" }, status, clear);
  const say = (known, strange) => {
    const parts = [...choice].map(([at, keys]) => {
      const { members, word } = data.dimensions[at];
      const name = (key) => {
        const member = members.find(([own]) => own === key);
        return member ? [make("b", {}, make("bdi", {}, member[1]))] : [make("b", {}, make("bdi", {}, String(key))), " (not seen)"];
      };
      const shown = [...keys].slice(0, 6).flatMap((key, at) => [at ? " or " : "", ...name(key)]);
      const more = keys.size > 6 ? ` or ${keys.size - 6} more` : "";
      return [`${word} `, ...shown, more];
    });
    const counts = data.cubes.map((cube, at) => {
      const [some, all] = [known.of(at)?.found[0] ?? null, cells(cube, everything).found[0] ?? zero];
      const rows = some ?? (known.of(at) ? zero : null);
      return rows ? `${told(WHOLE, rows)} of ${told(WHOLE, all)} ${cube.word}` : `${cube.word} ${UNKNOWN.reason}`;
    });
    const can = strange.map((name) => `This page can\u2019t be filtered by ${isolated(name)}.`);
    const said = parts.flatMap((part, at) => [at ? ", " : "Only ", ...part]);
    if (parts.length) said.push(": ", counts.join(", "), ". ");
    status.replaceChildren(...said, can.join(" "));
    line.classList.toggle("unseen", !said.length && !can.length);
    clear.hidden = !choice.size;
  };

  const counted = data.dimensions.map((dimension, at) => {
    const rows = (member) => {
      const found = data.cubes.map((cube) => cells(cube, new Map([[at, new Set([member])]]))?.found[0]);
      return found.reduce((sum, n) => plus(sum, n ?? zero), zero);
    };
    const members = [...dimension.members.keys()].map((member) => ({ member, rows: rows(member) }));
    return dimension.time ? members : members.sort((a, b) => compare(b.rows, a.rows));
  });

  const pills = (at) => {
    const { label, members } = data.dimensions[at];
    const all = make("button", { type: "button", class: "pill" }, "All");
    all.addEventListener("click", () => without(at));
    marks.push(() => all.setAttribute("aria-pressed", !choice.has(at)));
    clear.addEventListener("click", () => {
      change(everything);
      all.focus();
    });
    const some = counted[at].slice(0, PILLS).map(({ member }) => {
      const [key, main, small] = members[member];
      const pill = make("button", { type: "button", class: "pill", title: small ? `${main} ${small}` : main }, make("bdi", {}, main));
      pill.addEventListener("click", () => toggle(at, key));
      marks.push(() => pill.setAttribute("aria-pressed", !!choice.get(at)?.has(key)));
      return pill;
    });
    return make("div", { class: "pills", role: "group", "aria-label": label }, make("span", { class: "mute", "aria-hidden": "true" }, label), all, ...some);
  };

  const list = (at) => {
    const { label, word, time, members } = data.dimensions[at];
    const items = counted[at].map(({ member, rows }) => {
      const box = make("input", { type: "checkbox" });
      box.addEventListener("change", () => toggle(at, members[member][0]));
      marks.push(() => (box.checked = !!choice.get(at)?.has(members[member][0])));
      const count = make("small", { class: "n" }, told(WHOLE, rows));
      return make("li", {}, make("label", {}, box, named(members[member]), count));
    });
    const field = make("fieldset", {}, make("legend", {}, label));
    if (!time && items.length > FINDABLE) {
      const find = make("input", { type: "search", placeholder: "Find", "aria-label": `Find ${word}` });
      find.addEventListener("input", () => {
        const wanted = find.value.trim().toLowerCase();
        for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
      });
      field.append(find);
    }
    field.append(make("ul", {}, ...items));
    return field;
  };

  const dimensions = [...data.dimensions.keys()];
  const first = Math.max(0, dimensions.findIndex((at) => !data.dimensions[at].time));
  const others = dimensions.filter((at) => at !== first || counted[at].length > PILLS);
  const bar = make("div", { class: "filter", role: "group", "aria-label": "Filter" }, pills(first));
  if (others.length || data.notes.length) {
    const names = others.map((at) => data.dimensions[at].word).join(", ");
    bar.append(make("details", { class: "more" },
      make("summary", {}, others.length ? `Filter by ${names}` : "More about filtering"),
      make("div", { class: "choices" }, ...others.map(list)),
      ...data.notes.map((note) => make("p", { class: "foot" }, note))));
  }
  const section = document.querySelector("main > section");
  section.before(bar, line);
  addEventListener("popstate", follow);
  follow();
}

const source = document.getElementById("filter-data");
if (source) start(opened(JSON.parse(source.textContent)));
