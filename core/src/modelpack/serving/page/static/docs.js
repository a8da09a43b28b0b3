// The reference of the server's routes, made from /openapi.json.

import { call } from "./client.js";
import { byId, element } from "./dom.js";
import { format, oneLine, parse } from "./json.js";

const METHODS = ["get", "post", "put", "delete", "patch"];
const DEEPEST = 6;
const MOST_PARTS = 60;
let api = null;

const resolved = (node) => (node?.$ref ? node.$ref.slice(2).split("/").reduce((part, key) => part[key.replaceAll("~1", "/").replaceAll("~0", "~")], api) : node);
const nameOf = (node) => node?.$ref?.split("/").at(-1);

function operations() {
  return Object.entries(api.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })));
}

function grouped(all) {
  const groups = new Map();
  for (const each of all) groups.set(each.tags?.[0] ?? "Other", [...(groups.get(each.tags?.[0] ?? "Other") ?? []), each]);
  return groups;
}

const breakable = (path) => path.split(/(?=\/)/).flatMap((part) => [element("wbr"), part]);
const prose = (text) => text.split("`").map((part, position) => (position % 2 ? element("code", {}, part) : part));
const methodMark = (method) => element("span", { class: `method ${method}` }, method.toUpperCase());

function contents(groups) {
  return [...groups].flatMap(([tag, each]) => [
    element("h2", {}, tag),
    element("ul", {}, each.map((one) => element("li", {}, element("a", { href: `#${one.operationId}` }, methodMark(one.method), element("span", {}, breakable(one.path)))))),
  ]);
}

function operationCard(operation) {
  return element("section", { class: "card", id: operation.operationId, "aria-labelledby": `${operation.operationId}-title` },
    element("h2", { class: "operation-title", id: `${operation.operationId}-title` }, methodMark(operation.method), element("code", {}, operation.path)),
    element("p", {}, element("strong", {}, operation.summary ?? "")),
    operation.description ? element("p", { class: "prose" }, prose(operation.description)) : null,
    operation.requestBody ? requestBlock(resolved(operation.requestBody)) : null,
    responsesBlock(operation.responses),
  );
}

function requestBlock(body) {
  return element("div", { class: "block" }, element("h3", {}, "Request"), Object.entries(body.content).map(([type, media]) => mediaBlock(type, media)));
}

function mediaBlock(type, media) {
  const examples = Object.entries(media.examples ?? {});
  const inner = [media.schema ? schemaTree(media.schema) : element("p", { class: "muted" }, "Binary."), ...examples.map(([name, example]) => exampleBlock(name, resolved(example)))];
  return element("details", { open: type === "application/json" && examples.length > 0 }, element("summary", {}, element("code", {}, type)), element("div", { class: "block" }, inner));
}

function exampleBlock(name, example) {
  const text = typeof example.value === "string" ? example.value : format(example.value);
  return element("div", { class: "block" }, element("p", { class: "muted" }, `Example: ${example.summary ?? name}`), element("pre", { tabindex: "0" }, element("code", {}, text)));
}

function responsesBlock(responses) {
  const [good, bad] = [[], []];
  for (const [status, response] of Object.entries(responses)) (status.startsWith("2") ? good : bad).push([status, resolved(response)]);
  const rows = bad.map(([status, response]) => element("tr", {}, element("th", { scope: "row" }, status), element("td", {}, prose(response.description))));
  const errors = rows.length ? element("div", { class: "scroll" }, element("table", { class: "responses" }, element("tbody", {}, rows))) : null;
  return element("div", { class: "block" }, element("h3", {}, "Answers"), good.map(([status, response]) => answerBlock(status, response)), errors);
}

function answerBlock(status, response) {
  const media = Object.entries(response.content ?? {}).map(([type, each]) => mediaBlock(type, each));
  return element("div", { class: "block" }, element("p", {}, element("strong", {}, status), ` ${response.description}`), media);
}

/** A schema as a nested list of names and types. */
function schemaTree(schema) {
  return element("div", { class: "schema" }, describe(schema, new Set(), 0));
}

function describe(node, seen, depth) {
  const name = nameOf(node);
  const schema = resolved(node) ?? {};
  if (depth > DEEPEST || (name && seen.has(name))) return [element("span", {}, name ?? "…")];
  const inside = name ? new Set([...seen, name]) : seen;
  const parts = [element("span", {}, typeOf(schema, name)), remark(schema)];
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches && !branches.every(isSimple)) parts.push(list(branches.map((each) => describe(each, inside, depth + 1))));
  if (schema.properties) parts.push(properties(schema, inside, depth));
  if (schema.prefixItems) parts.push(list(schema.prefixItems.map((each) => describe(each, inside, depth + 1))));
  if (schema.items && !isSimple(schema.items)) parts.push(list([describe(schema.items, inside, depth + 1)]));
  if (typeof schema.additionalProperties === "object") parts.push(list([describe(schema.additionalProperties, inside, depth + 1)]));
  return parts;
}

function list(items) {
  const shown = items.slice(0, MOST_PARTS).map((each) => element("li", {}, each));
  if (items.length > MOST_PARTS) shown.push(element("li", { class: "remark" }, `and ${items.length - MOST_PARTS} more`));
  return element("ul", {}, shown);
}

function properties(schema, seen, depth) {
  const needed = new Set(schema.required ?? []);
  return list(Object.entries(schema.properties).map(([name, each]) => [
    element("span", { class: "key" }, name), needed.has(name) ? element("span", { class: "needed", title: "required" }, "*") : null, ": ", ...describe(each, seen, depth + 1),
  ]));
}

const isSimple = (node) => {
  const schema = resolved(node);
  return !node.$ref && !schema.properties && !schema.items && !schema.prefixItems && !schema.anyOf && typeof schema.additionalProperties !== "object";
};

function typeOf(schema, name) {
  if (schema.const !== undefined) return oneLine(schema.const);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return branches.every(isSimple) ? [...new Set(branches.map((each) => typeOf(each)))].join(" or ") : "one of";
  const types = [schema.type ?? "any"].flat();
  const format = schema.format ?? (schema.contentEncoding && `in ${schema.contentEncoding}`);
  const text = types.map((type) => (type === "array" && schema.items && isSimple(schema.items) ? `array of ${typeOf(schema.items)}` : type)).join(" or ");
  return `${text}${format ? ` (${format})` : ""}`;
}

function remark(schema) {
  const extent = schema.minItems !== undefined && schema.minItems === schema.maxItems ? `${schema.minItems} items` : null;
  const initial = schema.default === undefined ? null : `default ${oneLine(schema.default)}`;
  const text = [extent, initial, schema.description].filter(Boolean).join(", ");
  return text ? element("span", { class: "remark" }, " ", prose(text)) : null;
}

async function load() {
  const response = await call("openapi.json");
  api = parse(await response.text());
  if (!response.ok) throw new Error(api.message);
  document.title = `${api.info.title} · API reference`;
  byId("name").textContent = api.info.title;
  const groups = grouped(operations());
  byId("contents").replaceChildren(...contents(groups));
  byId("operations").replaceChildren(element("p", { class: "prose" }, api.info.description), ...[...groups.values()].flat().map(operationCard));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

load().catch((error) => {
  byId("name").textContent = "API reference";
  byId("status").textContent = `The reference cannot be shown: ${error.message}`;
});
