// Requests to the server that this page came from; the API key stays in this module's memory.

import { byId } from "./dom.js";

let key = null;

/** Whether the server has asked for a key. */
export const isKeyed = () => key !== null;

/** Answers a path of the server, beside which this page may stand at any prefix. */
export const address = (path) => new URL(path, document.baseURI).href;

/** The response of a request; asks for an API key as often as the server does. */
export async function call(path, options = {}) {
  for (;;) {
    const headers = key === null ? options.headers : { ...options.headers, Authorization: `Bearer ${key}` };
    const response = await fetch(address(path), { cache: "no-store", ...options, headers });
    if (response.status !== 401) return response;
    key = await askForKey(key !== null);
  }
}

function askForKey(wasWrong) {
  const dialog = byId("key-dialog");
  const field = byId("key");
  byId("key-problem").hidden = !wasWrong;
  field.value = "";
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve, reject) => {
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      dialog.oncancel = null;
      dialog.close();
      resolve(field.value.trim());
      field.value = "";
    };
    dialog.oncancel = () => reject(new Error("this server asks for an API key"));
  });
}
