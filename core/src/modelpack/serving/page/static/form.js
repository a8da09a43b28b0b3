// The form made from the signature: one row at a time, or tensors, and the params.

import { byId, element } from "./dom.js";
import { makeField } from "./fields.js";
import { jsonOf, textOf } from "./types.js";

/** The form of a model; null where its signature says nothing of the inputs. */
export function makeForm(info, changed) {
  const inputs = info.signature?.inputs;
  if (!inputs?.length) return null;
  const params = makeParams(info);
  const part = inputs[0].type === "tensor" ? tensorPart(inputs, info) : tablePart(inputs, info, changed);
  byId("request-form").addEventListener("input", changed);
  return {
    /** The body as JSON text; throws when a text is no value, which is said beside its field unless `quietly`. */
    body({ quietly = false } = {}) {
      const given = params.json(quietly);
      return `{${part.json(quietly)}${given ? `, "params": {${given}}` : ""}}`;
    },
    reset() {
      part.reset();
      params.reset();
    },
    /** Shows what the server says of a column beside its field. */
    complain(name, message) {
      const field = [...part.fields, ...params.fields].find((each) => each.name === name);
      field?.complain(message);
      return field !== undefined;
    },
  };
}

const nameOf = (spec, position) => String(spec.name ?? position);

/** The JSON texts of the fields' texts; `reveal` is called before the first complaint. */
function jsonTexts(fields, texts, quietly, reveal = () => {}) {
  const problems = [];
  const found = fields.map((field, position) => {
    try {
      return jsonOf(field.spec, texts[position]);
    } catch (error) {
      problems.push([field, error.message]);
      return undefined;
    }
  });
  if (problems.length === 0) return found;
  if (!quietly) {
    reveal();
    for (const [field, message] of problems) field.complain(message);
    problems[0][0].control.focus();
  }
  throw new Error(problems.map(([field, message]) => `${field.name}: ${message}`).join("; "));
}

const textsOf = (fields) => fields.map((field) => field.text);

function makeParams(info) {
  const specs = info.signature.params ?? [];
  const stored = info.example?.body.params ?? {};
  const typed = specs.map((spec) => (spec.shape ? { type: "array", items: spec, required: spec.default !== null } : { ...spec, required: spec.default !== null }));
  const fields = typed.map((spec, position) => makeField(spec, specs[position].name, "param"));
  byId("params").hidden = fields.length === 0;
  byId("param-fields").replaceChildren(...fields.map((field) => field.element));
  const reset = () => fields.forEach((field, position) => field.set(stored[specs[position].name] ?? specs[position].default));
  reset();
  return {
    fields,
    reset,
    json(quietly) {
      const texts = jsonTexts(fields, textsOf(fields), quietly);
      return texts.map((text, position) => `${JSON.stringify(specs[position].name)}: ${text}`).join(", ");
    },
  };
}

function tensorPart(specs, info) {
  const single = specs.length === 1 && specs[0].name === undefined;
  const fields = specs.map((spec, position) => makeField(spec, single ? "inputs" : nameOf(spec, position), "tensor"));
  byId("fields").replaceChildren(...fields.map((field) => field.element));
  const values = info.example?.body.inputs;
  const reset = () => fields.forEach((field) => field.set(single ? values : values?.[field.name]));
  reset();
  return {
    fields,
    reset,
    json(quietly) {
      const texts = jsonTexts(fields, textsOf(fields), quietly);
      if (single) return `"inputs": ${texts[0]}`;
      const given = fields.map((field, position) => [field.name, texts[position]]).filter(([, text]) => text !== undefined);
      return `"inputs": {${given.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(", ")}}`;
    },
  };
}

function tablePart(specs, info, changed) {
  const names = specs.map(nameOf);
  const fields = specs.map((spec, position) => makeField(spec, names[position], "column"));
  const table = info.example?.body.dataframe_split ?? { columns: names, data: [names.map(() => null)] };
  const examples = () => table.data.map((row) => specs.map((spec, position) => textOf(spec, row[position])));
  let rows = examples();
  let current = 0;
  byId("fields").replaceChildren(...fields.map((field) => field.element));
  byId("fields").classList.toggle("many", fields.length > 12);
  byId("rows").hidden = false;

  const keep = () => {
    rows[current] = textsOf(fields);
  };
  const show = (position) => {
    current = position;
    fields.forEach((field, column) => {
      field.complain("");
      field.text = rows[current][column];
    });
    byId("row-position").textContent = `Row ${current + 1} of ${rows.length}`;
    byId("row-previous").disabled = current === 0;
    byId("row-next").disabled = current === rows.length - 1;
    byId("row-remove").disabled = rows.length === 1;
  };
  const move = (change) => () => {
    keep();
    show(change());
    changed();
  };
  byId("row-previous").addEventListener("click", move(() => Math.max(0, current - 1)));
  byId("row-next").addEventListener("click", move(() => Math.min(rows.length - 1, current + 1)));
  byId("row-add").addEventListener("click", move(() => {
    rows.splice(current + 1, 0, [...rows[current]]);
    return current + 1;
  }));
  byId("row-remove").addEventListener("click", move(() => {
    rows.splice(current, 1);
    return Math.min(current, rows.length - 1);
  }));
  const reset = () => {
    rows = examples();
    show(0);
  };
  reset();
  return {
    fields,
    reset,
    json(quietly) {
      keep();
      const lines = rows.map((row, position) => `[${jsonTexts(fields, row, quietly, () => show(position)).join(", ")}]`);
      return `"dataframe_split": {"columns": ${JSON.stringify(names)}, "data": [${lines.join(", ")}]}`;
    },
  };
}

/** What stands above the form: where its values come from. */
export function exampleNote(info) {
  if (!info.example) return element("span", {}, "The model has no example; fill in the fields.");
  const source = info.example.stored ? "Filled from the model's input example." : "Filled with made-up values of the right types.";
  return element("span", {}, source);
}
