// What the server says of its model.

import { byId, element } from "./dom.js";
import { typeText } from "./types.js";

/** Shows the facts of `/model`. */
export function showAbout(info) {
  byId("about-content").replaceChildren(
    facts(info),
    schemaTable("Inputs", info.signature?.inputs),
    schemaTable("Outputs", info.signature?.outputs),
    schemaTable("Params", info.signature?.params),
    environment(info),
  );
}

function facts(info) {
  const entries = [
    ["Digest", element("span", { class: "mono" }, info.digest)],
    ["Identity", info.model_uuid ? element("span", { class: "mono" }, info.model_uuid) : null],
    ["Flavors", info.flavors.join(", ")],
    ["Saved", [timeText(info.created), info.written_by && `by ${info.written_by}`].filter(Boolean).join(" ")],
    ["Run", info.run_id],
    ["Schema policy", info.policy],
  ];
  return element("dl", { class: "facts" }, entries.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function timeText(created) {
  const moment = new Date(created ?? NaN);
  return Number.isNaN(moment.valueOf()) ? created : `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function schemaTable(title, specs) {
  if (!specs?.length) return element("p", {}, element("strong", {}, `${title}: `), element("span", { class: "muted" }, specs ? "none" : "not described"));
  const hasDefaults = specs.some((spec) => spec.default !== undefined);
  const head = ["Name", "Type", ...(hasDefaults ? ["Default"] : [])].map((text) => element("th", { scope: "col" }, text));
  const rows = specs.map((spec, position) =>
    element("tr", {},
      element("th", { scope: "row" }, String(spec.name ?? (specs.length === 1 ? "—" : position))),
      element("td", {}, `${typeText(spec)}${spec.shape ? " list" : ""}${spec.required === false ? ", optional" : ""}`),
      hasDefaults ? element("td", { class: "mono" }, JSON.stringify(spec.default)) : null,
    ),
  );
  const table = element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows));
  return element("details", { open: specs.length <= 12 }, element("summary", {}, `${title} (${specs.length})`), element("div", { class: "scroll" }, table));
}

function environment(info) {
  const count = info.requirements.length;
  const python = info.python_version ? `Python ${info.python_version}` : "Python's version is not known";
  const list = element("pre", { tabindex: "0" }, element("code", {}, info.requirements.join("\n")));
  return element("details", {}, element("summary", {}, `Environment: ${python}, ${count} requirement${count === 1 ? "" : "s"}`), count ? list : null);
}
