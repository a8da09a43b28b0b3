// The answer as a table, a plot and text.

import { byId, element } from "./dom.js";
import { format, oneLine } from "./json.js";
import { plotFor } from "./plot.js";

const SHOWN_ROWS = 200;
const SHOWN_TEXT = 100_000;

/** Shows the predictions of an answer. */
export function showPredictions(predictions, outputs, text) {
  const table = tableOf(predictions, outputs);
  const parts = table ? [headline(table), plotFor(table), tableElement(table)] : [];
  byId("result").replaceChildren(...parts.filter(Boolean), rawElement(predictions, text, !table));
  return table?.rows.length;
}

/** Shows why there are no predictions. */
export function showProblem(title, message, hint) {
  byId("result").replaceChildren();
  byId("problem").replaceChildren(
    element("div", { class: "problem" }, element("strong", {}, title), element("p", {}, message), hint ? element("p", { class: "hint" }, hint) : null),
  );
}

export const clearProblem = () => byId("problem").replaceChildren();

const isPlain = (value) => value === null || typeof value !== "object";

/** `{ names, rows }` where predictions form a table, else null. */
function tableOf(predictions, outputs) {
  const known = (outputs ?? []).filter((each) => each.name !== undefined).map((each) => String(each.name));
  if (isPlain(predictions)) return { names: [known[0] ?? "prediction"], rows: [[predictions]] };
  if (!Array.isArray(predictions)) return tableOfColumns(predictions);
  if (predictions.length === 0) return { names: known.length ? known : ["prediction"], rows: [] };
  if (predictions.every((row) => !isPlain(row) && !Array.isArray(row))) return tableOfRecords(predictions);
  const widths = new Set(predictions.map((row) => (Array.isArray(row) ? row.length : -1)));
  if (widths.size !== 1) return null;
  const [width] = widths;
  if (width < 0) return { names: [known.length === 1 ? known[0] : "prediction"], rows: predictions.map((value) => [value]) };
  const names = known.length === width ? known : Array.from({ length: width }, (_, column) => `prediction_${column}`);
  return { names, rows: predictions };
}

function tableOfRecords(records) {
  const names = [...new Set(records.flatMap(Object.keys))];
  return { names, rows: records.map((record) => names.map((name) => record[name] ?? null)) };
}

function tableOfColumns(columns) {
  const names = Object.keys(columns);
  const lengths = new Set(names.map((name) => (Array.isArray(columns[name]) ? columns[name].length : -1)));
  if (names.length === 0 || lengths.size !== 1) return null;
  const [length] = lengths;
  const rows = length < 0 ? [names.map((name) => columns[name])] : columns[names[0]].map((_, row) => names.map((name) => columns[name][row]));
  return { names, rows };
}

const cellText = (value) => (typeof value === "string" ? value : oneLine(value));
const isNumber = (value) => typeof value === "number" || typeof value === "bigint";

/** The only prediction in large letters. */
function headline({ names, rows }) {
  if (rows.length !== 1 || names.length !== 1 || !isPlain(rows[0][0])) return null;
  return element("p", { class: "headline" }, element("span", { class: "muted" }, names[0]), element("output", {}, cellText(rows[0][0])));
}

function tableElement({ names, rows }) {
  if (rows.length === 1 && names.length === 1 && isPlain(rows[0][0])) return null;
  const head = element("tr", {}, element("th", { scope: "col" }, "row"), names.map((name, column) => element("th", { scope: "col", class: isNumber(rows[0]?.[column]) ? "number" : null }, name)));
  const body = rows.slice(0, SHOWN_ROWS).map((row, position) =>
    element("tr", {}, element("th", { scope: "row" }, String(position + 1)), row.map((value) => element("td", { class: isNumber(value) ? "number" : value === null ? "null" : null }, cellText(value)))),
  );
  const more = rows.length > SHOWN_ROWS ? element("p", { class: "muted" }, `The first ${SHOWN_ROWS} of ${rows.length.toLocaleString("en")} rows.`) : null;
  return element("div", {}, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Predictions" }, element("table", {}, element("thead", {}, head), element("tbody", {}, body))), more);
}

function rawElement(predictions, text, open) {
  const shown = text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : format({ predictions });
  return element("details", { open }, element("summary", {}, "As JSON"), element("pre", { tabindex: "0" }, element("code", {}, shown)));
}
