// Calls of the API for call-backs.

/** @import { Api, CallbackApi } from "../types/api" */

/**
 * @param {Api} guestkey
 * @returns {CallbackApi}
 */
export function callbackCalls({ call, get, pathOf }) {
  const path = (/** @type {string} */ id) => pathOf("callbacks", id);
  return {
    topics: () => get("topics"),
    slots: (topic) => get("slots", { topic }),
    open: () => get("callbacks/open"),
    book: (body, key) => call("POST", "v1/callbacks", { body, key }),
    move: (id, starts_at) => call("PATCH", path(id), { body: { starts_at } }),
    correct: (id, body) => call("PATCH", path(id), { body }),
    cancel: (id) => call("DELETE", path(id)),
  };
}
