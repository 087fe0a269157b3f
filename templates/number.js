"use strict";
// Exact decimals: { n, s } is the integer n with s of its digits after the point.

const zero = { n: 0n, s: 0 };
const ten = (places) => 10n ** BigInt(places);
const raised = (a, s) => a.n * ten(s - a.s);
const size = (n) => (n < 0n ? -n : n);

function number(text) {
  const [whole, part = ""] = String(text).split(".");
  return { n: BigInt(whole + part), s: part.length };
}

function plus(a, b) {
  const s = Math.max(a.s, b.s);
  return { n: raised(a, s) + raised(b, s), s };
}

function compare(a, b) {
  const s = Math.max(a.s, b.s);
  const n = raised(a, s) - raised(b, s);
  return n < 0n ? -1 : n > 0n ? 1 : 0;
}

const times = (a, b) => ({ n: a.n * b.n, s: a.s + b.s });

// An integer over another above zero, to the nearest integer, half to even.
function nearest(n, d) {
  const rest = 2n * size(n % d);
  const whole = n / d;
  const away = rest > d || (rest === d && whole % 2n !== 0n);
  return away ? whole + (n < 0n ? -1n : 1n) : whole;
}

const rounded = (a, s) => ({ n: a.s > s ? nearest(a.n, ten(a.s - s)) : raised(a, s), s });

function trimmed(a) {
  let { n, s } = a;
  while (s > 0 && n % 10n === 0n) [n, s] = [n / 10n, s - 1];
  return { n, s };
}

// The quotient with twelve significant digits, half to even; null when b is zero.
function over(a, b) {
  if (b.n === 0n) return null;
  if (a.n === 0n) return zero;
  const n = a.n * ten(b.s) * (b.n < 0n ? -1n : 1n);
  const d = size(b.n) * ten(a.s);
  let places = 12 - String(size(n)).length + String(d).length;
  const at = (places) => (places < 0 ? [n, d * ten(-places)] : [n * ten(places), d]);
  let [up, down] = at(places);
  if (size(up) >= ten(12) * down) [up, down] = at(--places);
  const digits = nearest(up, down);
  return places < 0 ? { n: digits * ten(-places), s: 0 } : trimmed({ n: digits, s: places });
}

// Each as people read it: its digits, and the unit that stands after them.
function show(format, a) {
  const scaled = format.at === "%" ? times(a, { n: 100n, s: 0 }) : a;
  const near = rounded(scaled, format.places);
  const hidden = near.n === 0n && scaled.n !== 0n;
  const text = String(hidden ? 1n : size(near.n)).padStart(format.places + 1, "0");
  const point = text.length - format.places;
  const whole = text.slice(0, point).replace(/\B(?=(\d{3})+$)/g, ",");
  const digits = format.places ? whole + "." + text.slice(point) : whole;
  const sign = scaled.n < 0n ? "\u2212" : "";
  const bound = hidden ? (sign ? ">" : "<") : "";
  const before = format.at === "<" ? format.unit : "";
  const after = format.at === "%" ? "%" : format.at === ">" ? format.unit : "";
  return [bound + sign + before + digits, after];
}

function told(format, a, bare) {
  const [digits, unit] = show(format, a);
  return unit && !(bare && format.at === ">") ? digits + "\u2009" + unit : digits;
}
