// What the metrics are for a choice: a map from dimensions to sets of members, by their places.

const UNKNOWN = { value: null, reason: "not known for this choice" };

function opened(data) {
  for (const cube of data.cubes) {
    cube.groups = cube.columns[0].values.length;
    for (const column of cube.columns) {
      column.values = column.values.map((value) => (value === null ? null : BigInt(value)));
    }
  }
  return data;
}

const FOLDS = { "+": (a, b) => a + b, "<": (a, b) => (b < a ? b : a), ">": (a, b) => (b > a ? b : a) };

// A cube's aggregates over the groups of a choice; null when it does not have a chosen dimension.
function cells(cube, choice) {
  const wanted = [];
  for (const [dimension, members] of choice) {
    const at = cube.by.indexOf(dimension);
    if (at < 0) return null;
    wanted.push([cube.members[at], members]);
  }
  const sums = cube.columns.map(() => null);
  let groups = 0;
  for (let group = 0; group < cube.groups; group++) {
    if (!wanted.every(([own, members]) => members.has(own[group]))) continue;
    groups++;
    cube.columns.forEach(({ fold, values }, at) => {
      const value = values[group];
      if (value !== null) sums[at] = sums[at] === null ? value : FOLDS[fold](sums[at], value);
    });
  }
  const found = sums.map((n, at) => n === null ? null : { n, s: cube.columns[at].places });
  return { groups, found };
}

// All that is known for a choice: each cube is added up once, when it is asked for.
function chosen(data, choice) {
  const cubes = [];
  const of = (at) => (cubes[at] === undefined ? (cubes[at] = cells(data.cubes[at], choice)) : cubes[at]);
  const figure = (at) => {
    const metric = data.metrics[at];
    if (metric.is === "ratio") return ratio(...metric.parts.map(figure));
    if (metric.of === undefined) return UNKNOWN;
    const known = of(metric.of);
    if (metric.is === "distinct") return known?.groups === 0 ? { value: zero } : distinct(metric, choice);
    return known ? additive(metric, known.found) : UNKNOWN;
  };
  const happened = (at) => {
    const { is, parts, of: cube } = data.metrics[at];
    return is === "ratio" ? parts.some(happened) : cube !== undefined && (of(cube)?.groups ?? 0) > 0;
  };
  return {
    of,
    happened,
    figure: (at) => (data.metrics[at].over ? UNKNOWN : figure(at)),
  };
}

function additive({ is, parts, divide }, found) {
  const [first, second] = parts.map((at) => found[at]);
  const none = { value: null, reason: "no values" };
  const by = divide && number(divide);
  if (is === "count") return { value: first ?? zero };
  if (is === "avg") {
    if (!first || !second || second.n === 0n) return { ...none, count: second ?? zero };
    return { value: over(first, by ? times(second, by) : second), count: second };
  }
  if (is === "sum" && !first) {
    if (second && second.n !== 0n) return { value: null, reason: "every value is NULL" };
    return { value: zero };
  }
  if (!first) return none;
  return { value: by ? over(first, by) : first };
}

// Distinct counts don't add up: one is known for the whole day, or for a single member that it
// was counted by.
function distinct({ by, total }, choice) {
  if (choice.size === 0) return { value: number(total) };
  const [[dimension, members]] = choice;
  if (choice.size > 1 || members.size !== 1 || !by?.[dimension]) return UNKNOWN;
  const [member] = members;
  return { value: number(by[dimension][member] ?? 0) };
}

function ratio(above, below) {
  for (const [side, part] of [["numerator", above], ["denominator", below]]) {
    if (part.value) continue;
    if (part === UNKNOWN) return UNKNOWN;
    return { value: null, reason: `the ${side} is unknown: ${part.reason ?? "not captured"}` };
  }
  const value = over(above.value, below.value);
  return { value, reason: value ? undefined : "zero denominator", above: above.value, below: below.value };
}

// A dimension's members that occur for a choice with their figures, those beyond the first few
// taken together, and all of them; null when that is not known.
function breakdown(data, panel, choice) {
  if (panel.by === null) return null;
  const of = (members) => {
    const known = chosen(data, new Map(choice).set(panel.by, new Set(members)));
    return { known, figures: panel.metrics.map(known.figure) };
  };
  const { time, members } = data.dimensions[panel.by];
  const all = chosen(data, choice);
  const candidates = [...(choice.get(panel.by) ?? members.keys())].sort((a, b) => a - b);
  if (of(candidates).figures.every((figure) => figure === UNKNOWN)) return null;
  let rows = candidates.map((member) => ({ member, ...of([member]) }));
  rows = rows.filter(({ known }) => panel.metrics.some(known.happened));
  if (!time) {
    const rank = ({ figures: [{ value }] }) => value;
    rows.sort((a, b) => {
      const [x, y] = [rank(a), rank(b)];
      return x && y ? compare(y, x) : (x ? 0 : 1) - (y ? 0 : 1);
    });
  }
  const cut = time || !panel.top || rows.length <= panel.top + 1 ? rows.length : panel.top;
  const others = rows.splice(cut).map(({ member }) => member);
  const rest = others.length ? { members: others.length, figures: of(others).figures } : null;
  return { rows, rest, total: panel.metrics.map(all.figure) };
}
