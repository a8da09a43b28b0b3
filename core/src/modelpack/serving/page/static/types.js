// The types of a signature: what a person reads of them, and how a text becomes a value.

import { oneLine, parse } from "./json.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const RANGES = { integer: 31n, long: 63n };
const NULLABLE = new Set(["float", "double", "datetime", "binary", "any"]);

/** A type in words, such as `array of double`. */
export function typeText(spec) {
  if (spec.type === "tensor") {
    const shape = spec["tensor-spec"].shape.map((extent) => (extent < 0 ? "any" : extent)).join(" × ");
    return `${spec["tensor-spec"].dtype} tensor, ${shape || "scalar"}`;
  }
  if (spec.type === "array") return `array of ${typeText(spec.items)}`;
  if (spec.type === "map") return `map to ${typeText(spec.values)}`;
  if (spec.type === "object") {
    const inner = Object.entries(spec.properties).map(
      ([name, each]) => `${name}${each.required === false ? "?" : ""}: ${typeText(each)}`,
    );
    return `object {${inner.join(", ")}}`;
  }
  return spec.type === "sparkml_vector" ? "vector" : spec.type;
}

export const isScalar = (spec) => !["array", "map", "object", "any", "sparkml_vector", "tensor"].includes(spec.type);
const isText = (spec) => spec.type === "string";
const isOptional = (spec) => spec.required === false;

/** The text in a field for a value. */
export function textOf(spec, value) {
  if (value === null || value === undefined) return "";
  const plain = ["string", "datetime", "binary"].includes(spec.type);
  return plain && typeof value === "string" ? value : oneLine(value);
}

/** The JSON text that a field's text stands for; undefined where the value is left out. Throws what to tell the person. */
export function jsonOf(spec, text) {
  const trimmed = text.trim();
  if (isText(spec)) return text === "" && isOptional(spec) ? "null" : JSON.stringify(text);
  if (trimmed === "") {
    if (spec.type === "tensor" && isOptional(spec)) return undefined;
    if (isOptional(spec) || NULLABLE.has(spec.type)) return "null";
    throw new Error("a value is needed here");
  }
  if (trimmed === "null" && (isOptional(spec) || NULLABLE.has(spec.type))) return "null";
  return (READERS[spec.type] ?? nested)(trimmed, spec);
}

function whole(text, spec) {
  if (!INTEGER.test(text)) throw new Error("a whole number is needed here");
  const value = BigInt(text.replace("+", ""));
  const limit = 1n << RANGES[spec.type];
  if (value < -limit || value >= limit) throw new Error(`it does not fit ${spec.type === "long" ? 64 : 32} bits`);
  return String(value);
}

function fraction(text) {
  if (!NUMBER.test(text)) throw new Error("a number is needed here, such as 1.5 or 2e-3");
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? text : oneLine(Number(text));
}

function choice(text) {
  if (text !== "true" && text !== "false") throw new Error("true or false is needed here");
  return text;
}

function base64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw new Error("base64 is needed here");
  return JSON.stringify(text);
}

function nested(text, spec) {
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new Error(`it is no JSON: ${error.message}`);
  }
  const lists = spec.type === "array" || spec.type === "sparkml_vector" || spec["tensor-spec"]?.shape.length > 0;
  if (lists && !Array.isArray(value)) throw new Error("a JSON list is needed here");
  if (["object", "map"].includes(spec.type) && (typeof value !== "object" || Array.isArray(value) || value === null)) {
    throw new Error("a JSON object is needed here");
  }
  return text;
}

const READERS = {
  integer: whole,
  long: whole,
  float: fraction,
  double: fraction,
  boolean: choice,
  binary: base64,
  datetime: (text) => JSON.stringify(text),
};
