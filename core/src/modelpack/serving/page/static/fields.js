// One labelled field for each column, tensor or param.

import { element } from "./dom.js";
import { isScalar, textOf, typeText } from "./types.js";

const PLACEHOLDERS = { datetime: "2024-01-31T12:00:00", binary: "base64", float: "1.5", double: "1.5" };

/** A field with `element`, `spec`, `text`, `set(value)` and `complain(message)`. */
export function makeField(spec, name, group) {
  const id = `${group}-${name}`.replaceAll(/[^\w-]/g, (character) => `_${character.codePointAt(0)}_`);
  const control = makeControl(spec, id);
  const problem = element("span", { id: `${id}-problem`, class: "complaint" });
  const label = element("label", { for: id }, element("span", { class: "field-name" }, name), " ", note(spec));
  const wide = !isScalar(spec) || spec.type === "binary" || spec.type === "string";
  const box = element("div", { class: wide ? "field wide" : "field" }, label, control, problem);
  if (spec.type === "binary") box.insertBefore(filePicker(control, name), problem);
  control.addEventListener("input", () => complain(""));

  function complain(message) {
    problem.textContent = message;
    control.toggleAttribute("aria-invalid", message !== "");
    if (message) control.setAttribute("aria-invalid", "true");
  }
  return {
    name,
    spec,
    control,
    element: box,
    complain,
    get text() {
      return control.value;
    },
    set text(text) {
      control.value = text;
    },
    set(value) {
      control.value = textOf(spec, value);
      complain("");
    },
  };
}

function note(spec) {
  return element("span", { class: "field-type" }, `${typeText(spec)}${spec.required === false ? ", optional" : ""}`);
}

function makeControl(spec, id) {
  const shared = { id, name: id, "aria-describedby": `${id}-problem`, autocomplete: "off" };
  if (spec.type === "boolean") {
    const values = spec.required === false ? ["", "true", "false"] : ["true", "false"];
    return element("select", shared, values.map((value) => element("option", { value }, value || "missing")));
  }
  if (!isScalar(spec)) return element("textarea", { ...shared, rows: 3, spellcheck: "false", class: "mono" });
  if (spec.type === "string") return element("textarea", { ...shared, rows: 1 });
  const mode = { integer: "numeric", long: "numeric", float: "decimal", double: "decimal" }[spec.type];
  return element("input", { ...shared, type: "text", inputmode: mode, spellcheck: "false", placeholder: PLACEHOLDERS[spec.type] });
}

function filePicker(control, name) {
  const id = `${control.id}-file`;
  const input = element("input", { id, type: "file", class: "unseen" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const parts = [];
    for (let start = 0; start < bytes.length; start += 32768) parts.push(String.fromCharCode(...bytes.subarray(start, start + 32768)));
    control.value = btoa(parts.join(""));
    control.dispatchEvent(new Event("input", { bubbles: true }));
    input.value = "";
  });
  return element("span", {}, input, element("label", { class: "button quiet", for: id }, `Take a file for ${name}`));
}
