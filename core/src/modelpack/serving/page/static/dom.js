// Elements made of plain values: text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

/** An element with attributes and children; `null` and `false` stand for nothing. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** As `element`, of a drawing. */
export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Tabs that the arrow keys move between; `chosen` is told the chosen tab's id. Until now they were disabled. */
export function tabs(ids, chosen) {
  const buttons = ids.map(byId);
  const choose = (button, focus) => {
    for (const each of buttons) {
      each.setAttribute("aria-selected", String(each === button));
      each.tabIndex = each === button ? 0 : -1;
    }
    if (focus) button.focus();
    chosen(button.id);
  };
  buttons.forEach((button, position) => {
    button.disabled = false;
    button.addEventListener("click", () => choose(button, false));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const shown = buttons.filter((each) => !each.hidden);
      if (step !== undefined) choose(shown.at((shown.indexOf(buttons[position]) + step) % shown.length), true);
    });
  });
  return (id) => choose(byId(id), false);
}
