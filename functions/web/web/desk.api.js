// Calls of the API for the vendor's agents.

/** @import { Api, SupportApi } from "../types/api" */

/**
 * @param {Api} guestkey
 * @returns {SupportApi}
 */
export function support({ call, get, pathOf }) {
  /** @type {(list: string) => (id: string) => string} */
  const pathIn = (list) => (id) => pathOf(`support/${list}`, id);
  const [tenant, request, login, callback] = ["tenants", "requests", "logins", "callbacks"].map(pathIn);
  return {
    access: (query) => get("support/access", query),
    openLogins: (query) => get("support/logins", { open: "true", ...query }),
    enter: (body, key) => call("POST", "v1/support/logins", { body, key }),
    leave: (id) => call("POST", `${login(id)}/end`),
    tenant: (id) => call("GET", tenant(id)),
    requests: (query) => get("support/requests", query),
    ask: (body, key) => call("POST", "v1/support/requests", { body, key }),
    sendAgain: (id) => call("POST", `${request(id)}/send`),
    withdraw: (id) => call("DELETE", request(id)),
    colleagues: () => get("support/directory"),
    callbacks: (query) => get("support/callbacks", query),
    slots: (topic) => get("support/slots", { topic }),
    take: (id) => call("POST", `${callback(id)}/take`),
    release: (id) => call("POST", `${callback(id)}/release`),
    hand: (id, agent_id) => call("POST", `${callback(id)}/hand`, { body: { agent_id } }),
    close: (id, body) => call("POST", `${callback(id)}/close`, { body }),
    move: (id, body) => call("PATCH", callback(id), { body }),
    cancel: (id, reason) => call("DELETE", callback(id), { body: { reason } }),
  };
}
