// Pasted text and files, and which format they are in.

import { byId, element } from "./dom.js";
import { parse } from "./json.js";

const FORMATS = {
  "application/json": "JSON",
  "text/csv": "CSV",
  "application/jsonl": "JSON Lines",
  "application/vnd.apache.arrow.stream": "Arrow stream",
  "application/vnd.apache.arrow.file": "Arrow file",
  "application/vnd.apache.parquet": "Parquet",
};
const SUFFIXES = {
  csv: "text/csv",
  json: "application/json",
  jsonl: "application/jsonl",
  ndjson: "application/jsonl",
  arrows: "application/vnd.apache.arrow.stream",
  arrow: "application/vnd.apache.arrow.file",
  feather: "application/vnd.apache.arrow.file",
  parquet: "application/vnd.apache.parquet",
  pq: "application/vnd.apache.parquet",
};
const TEXTS = ["application/json", "text/csv", "application/jsonl"];
const EDITABLE = 300_000;

/** The format that a text is in, by its looks. */
export function formatOf(text) {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return "text/csv";
  const first = trimmed.split("\n", 1)[0];
  return trimmed.includes("\n") && trimmed.startsWith("{") && isJson(first) ? "application/jsonl" : "application/json";
}

function isJson(text) {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The panel for text and files: `request()` answers `{ type, body, file }`. */
export function makeSource(changed) {
  const text = byId("text");
  const format = byId("format");
  let file = null;
  format.replaceChildren(...Object.entries(FORMATS).map(([value, name]) => element("option", { value }, name)));

  const hold = (chosen) => {
    file = chosen;
    byId("chosen-file").hidden = file === null;
    text.hidden = file !== null;
    if (file) byId("file-name").textContent = `${file.name}, ${sizeText(file.size)}`;
    changed();
  };
  const put = (value, type) => {
    text.value = value;
    format.value = type;
    hold(null);
  };
  const take = async (chosen) => {
    const type = SUFFIXES[chosen.name.split(".").at(-1).toLowerCase()];
    if (type && !TEXTS.includes(type)) format.value = type;
    if ((!type || TEXTS.includes(type)) && chosen.size <= EDITABLE) {
      const value = await chosen.text();
      put(value, type ?? formatOf(value));
    } else {
      format.value = type ?? "text/csv";
      hold(chosen);
    }
  };
  text.addEventListener("input", () => {
    format.value = formatOf(text.value);
    changed();
  });
  format.addEventListener("change", changed);
  byId("file").addEventListener("change", (event) => {
    const [chosen] = event.target.files;
    if (chosen) take(chosen);
    event.target.value = "";
  });
  byId("file-remove").addEventListener("click", () => {
    hold(null);
    text.focus();
  });
  return { put, take, request: () => ({ type: format.value, body: file ?? text.value, file }) };
}

/** Lets a file be dropped on an element. */
export function dropZone(zone, take) {
  let depth = 0;
  const mark = (change) => {
    depth = change === 0 ? 0 : depth + change;
    zone.classList.toggle("dropping", depth > 0);
  };
  zone.addEventListener("dragenter", () => mark(1));
  zone.addEventListener("dragleave", () => mark(-1));
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    mark(0);
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}

/** A number of bytes for people. */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
