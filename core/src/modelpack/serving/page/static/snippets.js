// The request as commands that a person can copy; an API key stands in them by the name of a variable only.

import { PYTHON_WORDS, format, parse } from "./json.js";

const VARIABLE = "MODELPACK_API_KEY";
const LONGEST = 20_000;

/** The request for a shell. */
export function curl(url, { type, body, file }, keyed) {
  const data = file ? `--data-binary @${quoted(file.name)}` : `${type === "application/json" ? "-d" : "--data-binary"} ${quoted(shortened(body, type))}`;
  const headers = [`-H 'Content-Type: ${type}'`];
  if (keyed) headers.push(`-H "Authorization: Bearer $${VARIABLE}"`);
  if (type.includes("arrow")) headers.push("-H 'Accept: application/json'");
  return [`curl ${quoted(url)}`, ...headers, data].join(" \\\n  ");
}

/** The request for Python's standard library. */
export function python(url, { type, body, file }, keyed) {
  const imports = ["import json", ...(keyed ? ["import os"] : []), ...(file ? ["from pathlib import Path"] : [])];
  const headers = [`"Content-Type": "${type}"`];
  if (keyed) headers.push(`"Authorization": "Bearer " + os.environ["${VARIABLE}"]`);
  if (type.includes("arrow")) headers.push('"Accept": "application/json"');
  return `${[...imports, "from urllib.request import Request, urlopen"].join("\n")}

body = ${pythonBody(type, body, file)}
headers = {${headers.join(", ")}}
request = Request("${url}", body, headers)
with urlopen(request) as answer:
    print(json.load(answer))`;
}

function pythonBody(type, body, file) {
  if (file) return `Path(${JSON.stringify(file.name)}).read_bytes()`;
  const value = type === "application/json" ? attempt(body) : undefined;
  if (value !== undefined && body.length < LONGEST) return `json.dumps(${format(value, PYTHON_WORDS)}).encode()`;
  return `"""${cut(body).replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"')}""".encode()`;
}

/** JSON in a readable layout, where it is JSON. */
function shortened(body, type) {
  const value = type === "application/json" && body.length < LONGEST ? attempt(body) : undefined;
  if (value === undefined) return cut(body);
  return format(value);
}

const cut = (body) => (body.length > LONGEST ? `${body.slice(0, LONGEST)}…` : body);

function attempt(body) {
  try {
    return parse(body);
  } catch {
    return undefined;
  }
}

const quoted = (text) => (/^[\w:/.@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
