// The API as pages ask it. An answer is its JSON, a `Refusal` with the problem's members, or `Unreachable`: then nobody
// knows whether anything was done.

import { MAX_PAGE_SIZE } from "./limits.js";

const SECONDS = 1000;
const PATIENCE = { GET: 15 * SECONDS, POST: 30 * SECONDS, PATCH: 30 * SECONDS, DELETE: 30 * SECONDS };

/** The API understood and said no. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.code ?? String(status));
    this.status = status;
    this.problem = problem;
  }
}

/** No answer came that can be trusted to be one. */
export class Unreachable extends Error {}

/**
 * Return the calls of whoever `token` gives the token of, at an address that ends with a slash, or at the page's own.
 * After a 401, which did nothing, it is asked once more for a token: a product may have a fresh one by then.
 */
export function api(token, address = "") {
  let ahead = 0;

  async function call(method, path, { order, key, read = (answer) => answer.json() } = {}) {
    const used = await token();
    const answer = await send(used, method, path, order, key);
    const fresh = answer.status === 401 ? await token() : used;
    return understood(method, fresh === used ? answer : await send(fresh, method, path, order, key), read);
  }

  async function send(used, method, path, order, key) {
    const headers = {};
    if (used) headers.Authorization = `Bearer ${used}`;
    if (order) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    try {
      return await fetch(address + path, {
        method,
        headers,
        body: order && JSON.stringify(order),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE[method]),
      });
    } catch (error) {
      throw new Unreachable(method, { cause: error });
    }
  }

  async function understood(method, answer, read) {
    let said;
    try {
      said = await (answer.ok ? read(answer) : answer.json());
    } catch (error) {
      throw new Unreachable(method, { cause: error });
    }
    const date = Date.parse(answer.headers.get("Date"));
    if (date) ahead = date - Date.now();
    if (answer.ok) return said;
    // Busy, throttled or broken: none of these says what became of the request. A limit of our own has a code.
    if ((answer.status === 429 && !said.code) || answer.status >= 500) throw new Unreachable(method);
    throw new Refusal(answer.status, said);
  }

  const get = (path, query = {}) => call("GET", `v1/${path}${asked(query)}`);
  const text = (path, query) =>
    call("GET", `v1/${path}${asked(query)}`, {
      read: async (answer) => ({
        text: await answer.text(),
        head: answer.headers.get("Guestkey-Head"),
        rest: /<\?([^>]*)>; rel="next"/.exec(answer.headers.get("Link"))?.[1],
      }),
    });
  const one = (kind, id) => `v1/${kind}/${encodeURIComponent(id)}`;
  return {
    call,
    get,
    one,
    /** What time it is where the API is: a browser's clock may be wrong. */
    now: () => Date.now() + ahead,
    me: () => get("me"),
    about: () => get("about"),
    directory: (q) => get("directory", { q }),
    requests: () => get("requests", { state: "pending" }),
    request: (id) => call("GET", one("requests", id)),
    approve: (id, order, key) => call("POST", `${one("requests", id)}/approve`, { order, key }),
    decline: (id, note) => call("POST", `${one("requests", id)}/decline`, { order: note ? { note } : {} }),
    grants: (query) => get("grants", query),
    give: (order, key) => call("POST", "v1/grants", { order, key }),
    grant: (id) => call("GET", one("grants", id)),
    revoke: (id) => call("DELETE", one("grants", id)),
    logins: (query) => get("logins", query),
    topics: () => get("topics"),
    slots: (topic) => get("slots", { topic }),
    callback: () => get("callbacks/open"),
    book: (order, key) => call("POST", "v1/callbacks", { order, key }),
    move: (id, starts_at) => call("PATCH", one("callbacks", id), { order: { starts_at } }),
    cancel: (id) => call("DELETE", one("callbacks", id)),
    contact: (query) => get("contact", query),
    /** Yield a list that is not JSON, page by page. */
    async *pages(path, query = {}) {
      let page = await text(path, query);
      yield page;
      while (page.rest) yield (page = await text(path, new URLSearchParams(page.rest)));
    },
  };
}

/** Return a whole list, read page by page. */
export async function whole(read) {
  const items = [];
  for (let cursor = {}; cursor; ) {
    const page = await read({ limit: MAX_PAGE_SIZE, ...cursor });
    items.push(...page.items);
    cursor = page.next_cursor && { cursor: page.next_cursor };
  }
  return items;
}

function asked(query) {
  const said = new URLSearchParams(query).toString();
  return said && `?${said}`;
}
