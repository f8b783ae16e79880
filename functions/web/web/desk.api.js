// The API as the vendor's agents ask it.

export function support({ call, get, one }) {
  const kind = (name) => (id) => one(`support/${name}`, id);
  const [tenant, request, login, callback] = ["tenants", "requests", "logins", "callbacks"].map(kind);
  return {
    access: (query) => get("support/access", query),
    enter: (order, key) => call("POST", "v1/support/logins", { order, key }),
    leave: (id) => call("POST", `${login(id)}/end`),
    tenant: (id) => call("GET", tenant(id)),
    requests: (query) => get("support/requests", query),
    ask: (order, key) => call("POST", "v1/support/requests", { order, key }),
    sendAgain: (id) => call("POST", `${request(id)}/send`),
    withdraw: (id) => call("DELETE", request(id)),
    callbacks: (day) => get("support/callbacks", { day }),
    take: (id) => call("POST", `${callback(id)}/take`),
    close: (id, order) => call("POST", `${callback(id)}/close`, { order }),
  };
}
