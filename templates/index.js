// The page of all days: its calendar, its day picker, and two days side by side.

(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  if (!data.first) return;

  // Numbers are exact and shown as by the frozen pages; see number.js.
  const minus = (one, other) => plus(one, { n: -other.n, s: other.s });
  const digits = (value, format) => show(format, value)[0];
  const signed = (value, format) => {
    const text = digits(value, format);
    if (value.n <= 0n) return text;
    return text.startsWith("<") ? `<+${text.slice(1)}` : `+${text}`;
  };
  const difference = (value, format) => {
    const unit = format.at === "%" ? "pt" : show(format, value)[1];
    return signed(value, format) + (unit && `\u2009${unit}`);
  };
  const percent = { places: 2, at: "" };
  // The change from `was` in percent, with its own sign; null where that means nothing.
  const change = (is, was) => {
    if (was.n === 0n) return null;
    const by = minus(is, was);
    return { n: nearest(by.n * 10000n * ten(was.s), size(was.n) * ten(by.s)), s: 2 };
  };

  // Days are counted from the first.
  const DAY = 86400000;
  const first = Date.parse(`${data.first}T00:00:00Z`);
  const iso = (day) => new Date(first + day * DAY).toISOString().slice(0, 10);
  const counted = (text) => Math.round((Date.parse(`${text}T00:00:00Z`) - first) / DAY);
  const inWords = (day, weekday = "long", month = "long") => {
    const date = new Date(first + day * DAY);
    const part = (options) => date.toLocaleDateString("en-GB", { timeZone: "UTC", ...options });
    return `${part({ weekday })} ${date.getUTCDate()} ${part({ month })} ${date.getUTCFullYear()}`;
  };

  // Rows: of each day the edition that is shown, and after it the latest if that is another one.
  const metrics = data.metrics.map((metric) => ({ ...metric, values: metric.values.split(",") }));
  const reasons = new Map(data.reason);
  const gone = new Set(data.gone);
  const thinned = new Set(data.thinned);
  const toldOf = new Map(data.said);
  const several = new Map(data.several.map(([at, ...editions]) => [at, editions]));
  const provenance = { w: "witnessed", p: "provisional", r: "reconstructed" };
  const byDay = new Map();
  const byId = new Map();
  const rows = data.day.map((day, at) => {
    const [edition, of] = several.get(at) ?? [1, 1];
    const id = edition === 1 ? iso(day) : `${iso(day)}@${edition}`;
    const row = { at, day, edition, id, of, provenance: provenance[data.provenance[at]] };
    if (byDay.has(day)) byDay.get(day).push(row);
    else byDay.set(day, [row]);
    byId.set(id, row);
    return row;
  });
  const days = [...byDay.keys()];
  const place = new Map(days.map((day, at) => [day, at]));
  const page = (row) => data.served ? data.served.join(row.id) : `${row.id}/dashboard.html`;
  const shown = (day) => byDay.get(day)[0];
  const latest = (day) => byDay.get(day).at(-1);
  const value = (row, metric) => {
    const text = metric.values[row.at];
    return text ? number(text) : null;
  };
  const absent = (row) =>
    thinned.has(row.at)
      ? `The page of ${inWords(row.day)} was thinned: asof restore ${row.id} --html renders it anew.`
      : `The folder of ${inWords(row.day)} is missing.`;
  const around = (day) => {
    const at = days.findIndex((other) => other > day);
    return [days[at < 0 ? days.length - 1 : at - 1], at < 0 ? undefined : days[at]].filter((d) => d !== undefined);
  };
  const notCaptured = (day) =>
    `${inWords(day)} was not captured; the nearest days are ${around(day).map((d) => inWords(d, "short", "short")).join(" and ")}.`;
  const picked = (input) => (/^\d{4}-\d\d-\d\d$/.test(input.value) ? counted(input.value) : null);
  const say = (where, text, wrong) => {
    where.textContent = text;
    where.classList.toggle("wrong", Boolean(wrong));
  };
  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // The calendar: words and shades follow the metric, one day of each part is reached by Tab.
  const state = { metric: data.main, a: null, b: null, beside: false };
  const cells = [...document.querySelectorAll("#months a, #years a, [data-id]")].map((cell) => {
    const row = byId.get(cell.dataset.id ?? /\d+-\d\d-\d\d(@\d+)?/.exec(decodeURIComponent(cell.getAttribute("href")))[0]);
    cell.removeAttribute("title");
    return { cell, row, text: cell.querySelector("span") };
  });
  const rowOf = new Map(cells.map(({ cell, row }) => [cell, row]));
  for (const still of document.querySelectorAll("#months [title][role], #years [title][role]")) {
    still.setAttribute("aria-label", still.title);
    still.removeAttribute("title");
  }
  const said = (row) => {
    const metric = metrics[state.metric];
    const known = metric && value(row, metric);
    const label = metric ? `${metric.label} ${known ? told(metric.format, known) : "unknown"}, ` : "";
    const of = row.of > 1 ? `, edition ${row.edition} of ${row.of}` : "";
    const later = latest(row.day);
    const why = reasons.get(later.at);
    const also = later === row ? "" : `; edition ${later.edition} is later${why ? `: ${why}` : ""}`;
    const more = [thinned.has(row.at) && "its page was thinned", toldOf.get(shown(row.day).at)].filter(Boolean);
    return [inWords(row.day), [`${label}${row.provenance}${of}${also}`, ...more].join("; ")];
  };
  const shade = () => {
    const metric = metrics[state.metric];
    for (const { cell, row, text } of cells) {
      if (metric) {
        const level = metric.shades[place.get(row.day)];
        cell.classList.remove("q0", "q1", "q2", "q3", "q4", "none");
        cell.classList.add(level === "-" ? "none" : `q${level}`);
        const known = value(row, metric);
        if (text) text.textContent = known ? digits(known, metric.format) : "";
      }
      cell.setAttribute("aria-label", said(row).join(": "));
    }
    if (!metric) return;
    const longest = Math.max(...cells.map(({ text }) => text?.textContent.length ?? 0));
    $("months").classList.toggle("long", longest > 5);
    $("months").classList.toggle("huge", longest > 9);
    $("shaded").firstElementChild.textContent = metric.label;
    $("bands").replaceChildren(
      ...metric.legend.map(([level, words]) => {
        const band = element("span", undefined, "band");
        band.append(element("i", undefined, `swatch q${level}`), words);
        return band;
      })
    );
  };
  const tip = $("tip");
  const showTip = (cell) => {
    const row = rowOf.get(cell);
    const label = cell.getAttribute("aria-label");
    if (!row && !label) return;
    const [head, ...rest] = row ? said(row) : label.split(": ");
    tip.replaceChildren(element("b", head), rest.join(": "));
    tip.hidden = false;
    const box = cell.getBoundingClientRect();
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    const left = Math.max(8, Math.min(box.left + box.width / 2 - width / 2, document.documentElement.clientWidth - width - 8));
    const above = box.top - height - 8;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above < 4 ? box.bottom + 8 : above) + scrollY}px`;
  };
  const hideTip = () => {
    tip.hidden = true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
  });
  for (const part of [$("months"), $("years")]) {
    if (!part) continue;
    for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
      part.addEventListener(on, (event) => {
        const cell = event.target.closest("a, [role=img]");
        if (cell) showTip(cell);
      });
      part.addEventListener(off, hideTip);
    }
    const links = new Map([...part.querySelectorAll("a")].map((link) => [rowOf.get(link).day, link]));
    const order = [...links.keys()].sort((one, other) => one - other);
    let current = order.at(-1);
    const reach = (day) => {
      links.get(current).tabIndex = -1;
      current = day;
      links.get(current).tabIndex = 0;
    };
    for (const link of links.values()) link.tabIndex = -1;
    if (current !== undefined) reach(current);
    part.addEventListener("focusin", (event) => {
      const row = rowOf.get(event.target);
      if (row) reach(row.day);
    });
    part.addEventListener("keydown", (event) => {
      const row = rowOf.get(event.target);
      if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
      const strip = event.target.closest(".strip");
      const columns = strip && getComputedStyle(strip).gridAutoFlow.startsWith("column");
      const [along, across] = columns ? [7, 1] : [1, 7];
      const step = { ArrowRight: along, ArrowLeft: -along, ArrowDown: across, ArrowUp: -across }[event.key];
      let to;
      if (event.key === "Home") to = order[0];
      else if (event.key === "End") to = order.at(-1);
      else if (step) {
        to = row.day + step;
        while (to >= order[0] && to <= order.at(-1) && !links.has(to)) to += step;
      } else return;
      event.preventDefault();
      if (links.has(to)) {
        reach(to);
        links.get(to).focus();
      }
    });
  }
  $("metric")?.addEventListener("change", (event) => {
    state.metric = Number(event.target.value);
    shade();
    keep();
  });
  $("bar").addEventListener("submit", (event) => {
    event.preventDefault();
    const day = picked($("day"));
    if (day === null) return;
    if (!byDay.has(day)) say($("day-said"), notCaptured(day), true);
    else if (gone.has(shown(day).at)) say($("day-said"), absent(shown(day)), true);
    else location.href = page(shown(day));
  });

  // Two days side by side: of each the latest edition, if none is named.
  const rowNamed = (name) => {
    const [text, edition] = name.split("@");
    const found = byDay.get(counted(text));
    if (!found || !/^\d{4}-\d\d-\d\d$/.test(text)) return null;
    return edition === undefined ? found.at(-1) : found.find((row) => String(row.edition) === edition) ?? null;
  };
  const named = (row) => (row === latest(row.day) ? iso(row.day) : `${iso(row.day)}@${row.edition}`);
  const keep = () => {
    const parts = [];
    if (state.beside || state.chosen) parts.push(`a=${named(state.a)}`, `b=${named(state.b)}`);
    if (state.metric !== data.main) parts.push(`shade=${encodeURIComponent(metrics[state.metric].name)}`);
    const fragment = parts.length ? `#${parts.join("&")}` : " ";
    history.replaceState(null, "", fragment === " " ? location.href.split("#")[0] : fragment);
  };
  const head = (cell, row) => {
    const link = gone.has(row.at) ? element("b") : element("a");
    link.textContent = inWords(row.day, "short", "short");
    if (!gone.has(row.at)) link.href = page(row);
    const of = row.of > 1 ? `, edition ${row.edition} of ${row.of}` : "";
    cell.replaceChildren(link, element("small", `${row.provenance}${of}`));
  };
  const compared = (metric) => {
    const [a, b] = [value(state.a, metric), value(state.b, metric)];
    const line = element("tr");
    const name = element("th");
    name.scope = "row";
    name.append(element("bdi", metric.label));
    const cell = (known, text, className) => element("td", known === null ? "\u2014" : text, className);
    line.append(name, cell(a, a && told(metric.format, a), "n"), cell(b, b && told(metric.format, b), "n"));
    const by = a && b && minus(a, b);
    const way = by && by.n !== 0n && metric.good && (metric.good === "up") === by.n > 0n ? "good" : "bad";
    const tone = by && by.n !== 0n && metric.good ? ` ${way}` : "";
    const arrow = tone ? (by.n > 0n ? "\u25b2 " : "\u25bc ") : "";
    line.append(cell(by, by && arrow + difference(by, metric.format), `n${tone}`));
    const part = by && change(a, b);
    if (metric.format.at === "%") line.append(element("td"));
    else line.append(cell(part, part && `${signed(part, percent)}\u2009%`, "n mute"));
    // On a phone long numbers stand below each other, with the words of the headings.
    const cells = [...line.cells].slice(1);
    if (cells.some(({ textContent }) => textContent.length > 10)) {
      line.className = "long";
      [iso(state.a.day), iso(state.b.day), "Difference", "Change"].forEach((of, at) => {
        cells[at].dataset.of = of;
      });
    }
    return line;
  };
  const editions = (side) => {
    const select = $(`${side}-edition`);
    const row = state[side];
    const all = byDay.get(row.day);
    select.hidden = all.length < 2;
    select.replaceChildren(
      ...all.map((one, at) => {
        const what = at === 0 ? "shown" : "latest";
        const option = element("option", `edition ${one.edition}, ${what}`);
        option.value = one.edition;
        option.selected = one === row;
        return option;
      })
    );
  };
  const frames = () => {
    // A server has a page with both beside each other.
    $("beside").hidden = Boolean(data.served);
    if (data.served) return;
    $("frames").hidden = !state.beside;
    $("beside").setAttribute("aria-expanded", String(state.beside));
    $("beside").textContent = state.beside ? "Hide both pages" : "Show both pages";
    const made = [...$("frames").children];
    ["a", "b"].forEach((side, at) => {
      const row = state[side];
      const title = `${inWords(row.day)}${row.of > 1 ? `, edition ${row.edition}` : ""}`;
      if (!state.beside || (made[at] && made[at].dataset.id === row.id)) return;
      const part = element("div");
      part.dataset.id = row.id;
      part.append(element("h3", title));
      if (gone.has(row.at)) part.append(element("p", absent(row), "foot"));
      else {
        const frame = element("iframe");
        frame.title = `The page of ${title}`;
        frame.setAttribute("sandbox", "allow-scripts");
        frame.src = page(row);
        part.append(frame);
      }
      if (made[at]) made[at].replaceWith(part);
      else $("frames").append(part);
    });
  };
  const draw = () => {
    for (const side of ["a", "b"]) {
      $(side).value = iso(state[side].day);
      $(side).setCustomValidity("");
      head($(`${side}-head`), state[side]);
      editions(side);
      const at = place.get(state[side].day);
      $(`${side}-back`).disabled = at === 0;
      $(`${side}-on`).disabled = at === days.length - 1;
    }
    $("differences").replaceChildren(...metrics.map(compared));
    frames();
  };
  const choose = (sides) => {
    Object.assign(state, sides, { chosen: true, beside: state.beside || !state.hidden });
    draw();
    keep();
    const words = (row) => `${inWords(row.day)}${row.of > 1 ? `, edition ${row.edition} of ${row.of}` : ""}`;
    say($("two-said"), `${words(state.a)} against ${words(state.b)}.`);
  };
  const pick = (side, day) => {
    if (byDay.has(day)) choose({ [side]: latest(day) });
    else {
      say($("two-said"), notCaptured(day), true);
      $(side).value = iso(state[side].day);
    }
  };
  for (const side of ["a", "b"]) {
    $(side).addEventListener("change", () => {
      const day = picked($(side));
      if (day !== null) pick(side, day);
    });
    $(`${side}-back`).addEventListener("click", () => pick(side, days[place.get(state[side].day) - 1]));
    $(`${side}-on`).addEventListener("click", () => pick(side, days[place.get(state[side].day) + 1]));
    $(`${side}-edition`).addEventListener("change", (event) => {
      choose({ [side]: byDay.get(state[side].day).find((row) => String(row.edition) === event.target.value) });
    });
  }
  $("week").addEventListener("click", () => pick("b", state.a.day - 7));
  $("yesterday").addEventListener("click", () => pick("b", state.a.day - 1));
  $("swap").addEventListener("click", () => choose({ a: state.b, b: state.a }));
  $("beside").addEventListener("click", () => {
    state.beside = !state.beside;
    state.hidden = !state.beside;
    frames();
    keep();
  });
  $("pick").addEventListener("submit", (event) => event.preventDefault());

  // What the fragment says; without one, the newest day against the same weekday before.
  const restore = () => {
    const wanted = new Map(location.hash.slice(1).split("&").map((part) => part.split("=")));
    const [a, b] = ["a", "b"].map((side) => rowNamed(wanted.get(side) ?? ""));
    let name = "";
    try {
      name = decodeURIComponent(wanted.get("shade") ?? "");
    } catch {
      // No name of a metric.
    }
    const found = metrics.findIndex((metric) => metric.name === name);
    state.metric = found < 0 ? data.main : found;
    if ($("metric")) $("metric").value = state.metric;
    shade();
    const newest = a ?? latest(days.at(-1));
    const before = byDay.has(newest.day - 7) ? newest.day - 7 : days[Math.max(0, place.get(newest.day) - 1)];
    Object.assign(state, { a: newest, b: b ?? latest(before), chosen: Boolean(a || b), beside: Boolean(a && b) });
    draw();
    const missing = ["a", "b"].filter((side) => wanted.get(side) && !rowNamed(wanted.get(side)));
    if (missing.length) {
      const names = missing.map((side) => wanted.get(side).slice(0, 20)).join(" and ");
      say($("two-said"), `${names}: no such day or edition here.`, true);
    } else say($("two-said"), "");
    if (state.chosen) $("two").scrollIntoView();
  };
  $("bar").hidden = false;
  $("two").hidden = false;
  for (const link of document.querySelectorAll("a.compare")) link.hidden = false;
  addEventListener("hashchange", restore);
  restore();
})();
