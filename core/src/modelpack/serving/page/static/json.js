// JSON that keeps every digit of integers past 2^53, and its text for people.

const WIDTH = 76;

/** The value of a JSON text; integers that a double cannot hold are BigInts. */
export function parse(text) {
  return JSON.parse(text, (_key, value, context) => {
    const exact = typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value);
    return exact || !/^-?\d+$/.test(context?.source ?? "") ? value : BigInt(context.source);
  });
}

const JSON_WORDS = { true: "true", false: "false", null: "null" };
export const PYTHON_WORDS = { true: "True", false: "False", null: "None" };

/** The text of a value, on one line where it fits. */
export function format(value, words = JSON_WORDS, indent = "") {
  const line = oneLine(value, words);
  if (line.length + indent.length <= WIDTH || value === null || typeof value !== "object") return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => item === null || typeof item !== "object")) return filled(value, words, indent);
    return `[\n${value.map((item) => inner + format(item, words, inner)).join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${format(item, words, inner)}`);
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

/** A long list of scalars, as many on a line as fit. */
function filled(values, words, indent) {
  const lines = [""];
  values.forEach((value, position) => {
    const text = oneLine(value, words) + (position < values.length - 1 ? "," : "");
    const fits = lines.at(-1).length + text.length + indent.length < WIDTH - 3;
    if (lines.at(-1) === "" || fits) lines.push([lines.pop(), text].filter(Boolean).join(" "));
    else lines.push(text);
  });
  return `[\n${lines.map((line) => `${indent}  ${line}`).join("\n")}\n${indent}]`;
}

/** The text of a value on one line. */
export function oneLine(value, words = JSON_WORDS) {
  if (typeof value === "bigint") return String(value);
  if (Object.is(value, -0)) return "-0.0";
  if (value === null || typeof value === "boolean") return words[String(value)];
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => oneLine(item, words)).join(", ")}]`;
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item, words)}`).join(", ")}}`;
}
