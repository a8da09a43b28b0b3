// Plots of predictions and of latencies, drawn as SVG.

import { byId, drawn, element } from "./dom.js";

const HEIGHT = 170;
const MOST_BARS = 40;
const MOST_CLASSES = 12;
const BINS = 24;
const LABEL = 14;

const isNumber = (value) => typeof value === "number" || typeof value === "bigint";
const short = (number) => (Number.isInteger(number) && Math.abs(number) < 1e6 ? String(number) : String(Number(number.toPrecision(3))));

const roomFor = () => Math.max(240, Math.min(640, byId("result").clientWidth || byId("answer").clientWidth - 40));

/** The plot that suits a table of predictions, with a choice of the column where there are several; null where none does. */
export function plotFor({ names, rows }) {
  if (rows.length === 1) return oneRowPlot(names, rows[0]);
  const plots = names.map((name, column) => [name, columnPlot(name, rows.map((row) => row[column]))]).filter(([, plot]) => plot);
  if (plots.length === 0) return null;
  const place = element("div", {}, plots[0][1]);
  if (plots.length === 1) return place;
  const select = element("select", { id: "plot-column" }, plots.map(([name], position) => element("option", { value: position }, name)));
  select.addEventListener("change", () => place.replaceChildren(plots[Number(select.value)][1]));
  return element("div", {}, element("div", { class: "source" }, element("label", { for: "plot-column" }, "Plot of"), select), place);
}

function oneRowPlot(names, row) {
  const numbers = names.map((name, column) => [name, row[column]]).filter(([, value]) => isNumber(value));
  return numbers.length < 2 || numbers.length > MOST_BARS ? null : bars("Predictions", numbers.map(([name, value]) => [name, Number(value)]));
}

function columnPlot(name, values) {
  const present = values.filter((value) => value !== null);
  if (present.length === 0 || present.some((value) => typeof value === "object")) return null;
  const distinct = [...new Set(present)];
  const whole = present.every((value) => typeof value !== "number" || Number.isInteger(value));
  if (whole && distinct.length <= MOST_CLASSES && distinct.length * 2 <= Math.max(present.length, 4)) return countsPlot(name, present, distinct);
  if (!present.every(isNumber)) return null;
  const numbers = present.map(Number);
  if (numbers.length <= MOST_BARS) return bars(`${name} by row`, numbers.map((value, row) => [String(row + 1), value]));
  return histogram(name, numbers);
}

function countsPlot(name, values, distinct) {
  const counts = new Map(distinct.map((value) => [value, 0]));
  for (const value of values) counts.set(value, counts.get(value) + 1);
  const sorted = [...counts].sort(([one], [other]) => (isNumber(one) && isNumber(other) ? Number(one) - Number(other) : String(one).localeCompare(String(other))));
  return bars(`${name}: how often each value was predicted`, sorted.map(([value, count]) => [String(value), count]));
}

/** Horizontal bars from zero, each with its name and its value. */
function bars(title, entries) {
  const whole = roomFor();
  const row = entries.length > 16 ? 16 : 24;
  const values = entries.map(([, value]) => value);
  const low = Math.min(0, ...values);
  const span = Math.max(0, ...values) - low || 1;
  const left = Math.min(150, 16 + 7 * Math.max(...entries.map(([name]) => name.length)));
  const room = whole - left - 62;
  const x = (value) => left + ((value - low) / span) * room;
  const lines = entries.flatMap(([name, value], position) => {
    const y = position * row;
    const start = Math.min(x(0), x(value));
    return [
      drawn("text", { x: left - 8, y: y + row / 2 + 4, "text-anchor": "end", class: "label" }, name.length > 19 ? `${name.slice(0, 18)}…` : name),
      drawn("rect", { x: start, y: y + 3, width: Math.max(1, Math.abs(x(value) - x(0))), height: row - 6, rx: 2, class: "bar-fill" }, drawn("title", {}, `${name}: ${value}`)),
      drawn("text", { x: Math.max(x(value), x(0)) + 6, y: y + row / 2 + 4, class: "value" }, short(value)),
    ];
  });
  const axis = drawn("line", { x1: x(0), x2: x(0), y1: 0, y2: entries.length * row, class: "axis" });
  return figure(whole, title, `${title}: ${entries.slice(0, MOST_CLASSES).map(([name, value]) => `${name} ${short(value)}`).join(", ")}`, entries.length * row, [...lines, axis]);
}

function histogram(name, numbers) {
  const whole = roomFor();
  const low = numbers.reduce((one, other) => Math.min(one, other));
  const high = numbers.reduce((one, other) => Math.max(one, other));
  const span = high - low || 1;
  const counts = new Array(BINS).fill(0);
  for (const value of numbers) counts[Math.min(BINS - 1, Math.floor(((value - low) / span) * BINS))] += 1;
  const most = Math.max(...counts);
  const base = HEIGHT - LABEL - 6;
  const width = (whole - 8) / BINS;
  const rects = counts.map((count, bin) => {
    const height = (count / most) * (base - LABEL);
    const range = `${short(low + (span * bin) / BINS)} to ${short(low + (span * (bin + 1)) / BINS)}: ${count}`;
    return drawn("rect", { x: 4 + bin * width + 1, y: base - height, width: width - 2, height, rx: 2, class: "bar-fill" }, drawn("title", {}, range));
  });
  const axis = drawn("line", { x1: 4, x2: whole - 4, y1: base, y2: base, class: "axis" });
  const labels = [
    drawn("text", { x: 4, y: HEIGHT - 4, class: "label" }, short(low)),
    drawn("text", { x: whole / 2, y: HEIGHT - 4, "text-anchor": "middle", class: "label" }, short(low + span / 2)),
    drawn("text", { x: whole - 4, y: HEIGHT - 4, "text-anchor": "end", class: "label" }, short(high)),
    drawn("text", { x: 4, y: LABEL - 2, class: "label" }, `most in one bar: ${most}`),
  ];
  const title = `How ${name} is spread`;
  return figure(whole, title, `${title}: ${numbers.length} values from ${short(low)} to ${short(high)}`, HEIGHT, [...rects, axis, ...labels]);
}

function figure(width, title, description, height, children) {
  const drawing = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": description }, children);
  return element("figure", {}, element("figcaption", { class: "muted" }, title), drawing);
}

/** A line of the last calls' milliseconds. */
export function sparkline(times) {
  const [width, height] = [120, 26];
  const most = Math.max(...times);
  const points = times.map((time, position) => `${(2 + (position / Math.max(1, times.length - 1)) * (width - 4)).toFixed(1)},${(height - 3 - (time / most) * (height - 7)).toFixed(1)}`);
  const [x, y] = points.at(-1).split(",");
  const label = `Milliseconds of the last ${times.length} calls, from ${short(Math.min(...times))} to ${short(most)}`;
  return drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, class: "sparkline" },
    drawn("polyline", { points: points.join(" ") }),
    drawn("circle", { cx: x, cy: y, r: 2.5 }),
  );
}
