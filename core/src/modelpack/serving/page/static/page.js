// The page on which a person tries the model.

import { showAbout } from "./about.js";
import { clearProblem, showPredictions, showProblem } from "./answer.js";
import { address, call, isKeyed } from "./client.js";
import { byId, element, tabs } from "./dom.js";
import { exampleNote, makeForm } from "./form.js";
import { format, parse } from "./json.js";
import { sparkline } from "./plot.js";
import { curl, python } from "./snippets.js";
import { dropZone, makeSource } from "./source.js";

const KEPT_TIMES = 30;
const times = [];
let form = null;
let source = null;
let info = null;
let mode = "tab-form";
let language = "tab-curl";

/** The request that the input stands for; throws where a field's text is no value. */
function request(options) {
  if (mode === "tab-form") return { type: "application/json", body: form.body(options), file: null };
  return source.request();
}

function showSnippet() {
  const write = language === "tab-curl" ? curl : python;
  try {
    byId("snippet").textContent = write(address("invocations"), request({ quietly: true }), isKeyed());
  } catch (error) {
    byId("snippet").textContent = `# ${error.message}`;
  }
}

async function predict(event) {
  event?.preventDefault();
  clearProblem();
  let sent;
  try {
    sent = request();
  } catch (error) {
    say("Not sent.");
    showProblem("Not sent", error.message);
    return;
  }
  busy(true);
  try {
    await send(sent);
  } catch (error) {
    say("No answer.");
    showProblem("No answer", `The server did not answer: ${error.message}`, "Is it still running?");
  } finally {
    busy(false);
    reveal();
  }
}

async function send({ type, body }) {
  say("Predicting…");
  const begin = performance.now();
  const response = await call("invocations", { method: "POST", headers: { "Content-Type": type, Accept: "application/json" }, body });
  const text = await response.text();
  const milliseconds = performance.now() - begin;
  note(milliseconds);
  const content = attempt(text);
  if (response.ok) return answered(content, text, milliseconds);
  return refused(response, content, text);
}

function answered(content, text, milliseconds) {
  const isWrapped = content !== null && typeof content === "object" && !Array.isArray(content) && "predictions" in content;
  const count = showPredictions(isWrapped ? content.predictions : content, info.signature?.outputs, text);
  const what = count === undefined ? "An answer" : `${count.toLocaleString("en")} prediction${count === 1 ? "" : "s"}`;
  say(`${what} in ${timeText(milliseconds)}.`);
}

function refused(response, content, text) {
  const id = response.headers.get("X-Request-ID");
  say(`The server answered ${response.status}.`);
  showProblem(`${response.status} ${content?.error_code ?? response.statusText}`, content?.message ?? text.slice(0, 2000), content?.hint);
  if (id) byId("problem").firstChild.append(element("p", { class: "muted" }, `Request ${id}`));
  const column = /(?:column|tensor|param) '([^']+)'/.exec(content?.message ?? "")?.[1];
  if (mode === "tab-form" && column) form.complain(column, "see the answer");
}

function attempt(text) {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

/** Brings the answer into view where the form is longer than the window. */
function reveal() {
  const { top, bottom } = byId("status").getBoundingClientRect();
  if (top >= 0 && bottom <= window.innerHeight) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("answer").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

/** Narrow windows have the answer above the code, and the tab key the same order as the eye. */
function arrange() {
  const wide = matchMedia("(min-width: 62rem)");
  const place = () => (wide.matches ? byId("left").append(byId("code")) : byId("about").before(byId("code")));
  wide.addEventListener("change", place);
  place();
}

function say(text) {
  byId("status").textContent = text;
}

function busy(isBusy) {
  byId("predict").setAttribute("aria-busy", String(isBusy));
  byId("predict").disabled = isBusy;
  byId("predict").textContent = isBusy ? "Predicting…" : "Predict";
  if (!isBusy && document.activeElement === document.body) byId("predict").focus();
}

const timeText = (milliseconds) => (milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`);

function note(milliseconds) {
  times.push(milliseconds);
  times.splice(0, times.length - KEPT_TIMES);
  const median = times.toSorted((one, other) => one - other)[times.length >> 1];
  const calls = times.length === 1 ? "1 call" : `${times.length} calls`;
  byId("latency").hidden = false;
  byId("latency").replaceChildren(element("span", { class: "muted" }, times.length === 1 ? calls : `${calls}, median ${timeText(median)}`), times.length > 1 ? sparkline(times) : "");
}

function choose(id) {
  mode = id;
  byId("panel-form").hidden = id !== "tab-form";
  byId("panel-text").hidden = id !== "tab-text";
  showSnippet();
}

function resetText() {
  source.put(info.example ? format(info.example.body) : "", "application/json");
}

async function copySnippet() {
  const button = byId("copy");
  const text = byId("snippet").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(byId("snippet")); // no clipboard without HTTPS: the text is selected instead
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

async function watchHealth() {
  if (document.hidden) {
    document.addEventListener("visibilitychange", watchHealth, { once: true });
    return;
  }
  const place = byId("health");
  const response = await call("health").catch(() => null);
  const state = response === null ? "unreachable" : response.ok ? "ready" : "warming";
  const text = { unreachable: "Not reachable", ready: "Ready", warming: "Not ready yet" }[state];
  if (place.textContent !== text) place.replaceChildren(element("span", { class: `dot ${state}`, "aria-hidden": "true" }), text);
  setTimeout(watchHealth, state === "ready" ? 15_000 : 2_000);
}

function showTitle() {
  document.title = `${info.name} · modelpack`;
  byId("name").textContent = info.name;
  byId("subtitle").textContent = info.signature?.text ?? "No signature: data reaches the model as it comes";
}

async function load() {
  const response = await call("model");
  info = parse(await response.text());
  if (!response.ok) throw new Error(info.message);
  showTitle();
  showAbout(info);
  source = makeSource(showSnippet);
  form = makeForm(info, showSnippet);
  byId("example-note").replaceChildren(exampleNote(info));
  resetText();
  const chooseTab = tabs(["tab-form", "tab-text"], choose);
  tabs(["tab-curl", "tab-python"], (id) => {
    language = id;
    byId("panel-code").setAttribute("aria-labelledby", id);
    showSnippet();
  });
  byId("tab-form").hidden = form === null;
  chooseTab(form === null ? "tab-text" : "tab-form");
  dropZone(byId("input"), async (file) => {
    await source.take(file);
    chooseTab("tab-text");
  });
  listen();
}

function listen() {
  for (const id of ["predict", "copy", "reset"]) byId(id).disabled = false;
  byId("request-form").addEventListener("submit", predict);
  byId("copy").addEventListener("click", copySnippet);
  byId("reset").addEventListener("click", () => {
    form?.reset();
    resetText();
    clearProblem();
    showSnippet();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !byId("predict").disabled) predict();
  });
}

arrange();
watchHealth();
load().catch((error) => {
  byId("name").textContent = "modelpack";
  showProblem("The page cannot describe the model", error.message, "Reload the page to try again.");
});
