// Client of the API. A call returns the response's JSON, or throws `Refusal` with the problem's members, or
// `Unreachable`, after which it is unknown whether the API did anything.

import { MAX_PAGE_SIZE } from "./limits.js";

/** @import { Api, CallOptions, Listener, Me, Method, Page, Problem, Query } from "../types/api" */
/** @typedef {string | undefined} Token */

const SECONDS = 1000;
const NOT_MODIFIED = 304;

/** The API refused the request. `problem` has the members of its problem document. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {Problem} problem
   */
  constructor(status, problem) {
    super(problem.code ?? String(status));
    this.status = status;
    this.problem = problem;
  }
}

/** The token is of another account than those before it. The request was not sent. */
export class OtherAccount extends Refusal {
  constructor() {
    super(401, {});
  }
}

/** There was no response, or none that tells the fate of the request. */
export class Unreachable extends Error {}

/** @param {Response} response */
const readPulse = async (response) => ({ ...(await response.json()), etag: response.headers.get("ETag") ?? "" });

/**
 * Return the calls of the user whose token `token` returns, at an address that ends with a slash; by default at the
 * page's own. After a 401, which did nothing, `token` is called once more, because the product may have a fresh one.
 *
 * All calls are for one account: a new token is compared with the one before it, and with the user of `me`, before it is
 * used. A call with another account's token throws `OtherAccount` and sends nothing.
 * @param {() => Token | Promise<Token>} token
 * @param {string} [address]
 * @param {Listener} [listener]
 * @returns {Api}
 */
export function api(token, address = "", listener = {}) {
  let clockOffset = 0;
  /** @type {Token} */
  let known;
  /** @type {Promise<Token> | undefined} */
  let asked;
  /** @type {Promise<Me> | undefined} */
  let user;

  /** Return the current token. Calls at one moment ask the page once. */
  function currentToken() {
    asked ??= Promise.resolve(token()).finally(() => (asked = undefined));
    return asked;
  }

  /** Return the current token. Throws if it is of another account than those before it. */
  async function ownToken() {
    const current = await currentToken();
    known ??= current;
    if (current && known && current !== known) {
      if (!(await isSameAccount(known, current))) {
        listener.otherAccount?.();
        throw new OtherAccount();
      }
      known = current;
    }
    return current;
  }

  /**
   * @param {string} before
   * @param {string} after
   */
  async function isSameAccount(before, after) {
    if (subject(before) !== subject(after)) return false;
    const me = await user?.catch(() => undefined);
    if (!me) return true;
    const response = await send(after, "GET", "v1/me");
    // The API accepts nothing with this token.
    if (response.status === 401) return true;
    /** @type {Me} */
    const now = await parse("GET", response, (one) => one.json());
    return now.user_id === me.user_id && now.tenant_id === me.tenant_id;
  }

  /**
   * @param {Method} method
   * @param {string} path
   * @param {CallOptions} [options]
   */
  async function call(method, path, options) {
    try {
      return await attempt(method, path, options);
    } catch (/** @type {any} */ error) {
      if (error.status === 401 && !(error instanceof OtherAccount)) listener.sessionOver?.();
      throw error;
    }
  }

  /**
   * @param {Method} method
   * @param {string} path
   * @param {CallOptions} options
   */
  async function attempt(method, path, { body, key, etag, read = (response) => response.json() } = {}) {
    const used = await ownToken();
    const response = await send(used, method, path, body, key, etag);
    const fresh = response.status === 401 ? await ownToken() : used;
    return parse(method, fresh === used ? response : await send(fresh, method, path, body, key, etag), read);
  }

  /**
   * @param {Token} used
   * @param {Method} method
   * @param {string} path
   * @param {object} [body]
   * @param {string} [key]
   * @param {string} [etag]
   */
  async function send(used, method, path, body, key, etag) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (used) headers.Authorization = `Bearer ${used}`;
    if (body) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (etag) headers["If-None-Match"] = etag;
    try {
      return await fetch(address + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout((method === "GET" ? 15 : 30) * SECONDS),
      });
    } catch (error) {
      throw new Unreachable(method, { cause: error });
    }
  }

  /**
   * @param {Method} method
   * @param {Response} response
   * @param {(response: Response) => Promise<any>} read
   */
  async function parse(method, response, read) {
    if (response.status === NOT_MODIFIED) return null;
    let content;
    try {
      content = await (response.ok ? read(response) : response.json());
    } catch (error) {
      throw new Unreachable(method, { cause: error });
    }
    const date = Date.parse(response.headers.get("Date") ?? "");
    if (date) clockOffset = date - Date.now();
    if (response.ok) return content;
    // A busy, throttled or failed response does not tell the fate of the request. Guestkey's own limits have a code.
    if ((response.status === 429 && !content.code) || response.status >= 500) throw new Unreachable(method);
    throw new Refusal(response.status, content);
  }

  /** @type {Api["get"]} */
  const get = (path, query = {}) => call("GET", `v1/${path}${queryString(query)}`);
  /** @type {Api["pathOf"]} */
  const pathOf = (kind, id) => `v1/${kind}/${encodeURIComponent(id)}`;
  return {
    call,
    get,
    pathOf,
    /** Return the time at the API, because a browser's clock may be wrong. */
    now: () => Date.now() + clockOffset,
    /** Throws if the page's token is of another account by now. */
    checkAccount: ownToken,
    me: () => (user = get("me")),
    about: () => get("about"),
    /** Return the pulse with its ETag, or null if it is still the one with this ETag. */
    pulse: (etag) => call("GET", "v1/pulse", { etag, read: readPulse }),
    directory: (q) => get("directory", { q }),
    requests: (query = {}) => get("requests", { ...query, state: "pending" }),
    request: (id) => call("GET", pathOf("requests", id)),
    approve: (id, body, key) => call("POST", `${pathOf("requests", id)}/approve`, { body, key }),
    decline: (id, note) => call("POST", `${pathOf("requests", id)}/decline`, { body: note ? { note } : {} }),
    grants: (query) => get("grants", query),
    give: (body, key) => call("POST", "v1/grants", { body, key }),
    grant: (id) => call("GET", pathOf("grants", id)),
    revoke: (id) => call("DELETE", pathOf("grants", id)),
    keep: (id) => call("POST", `${pathOf("grants", id)}/keep`),
    logins: (query) => get("logins", query),
    presence: () => get("presence"),
    /** Needs no token, so that it works when the session is over. */
    contact: async (query) =>
      parse("GET", await send(undefined, "GET", `v1/contact${queryString(query)}`), (response) => response.json()),
  };
}

/**
 * Return for whom a token speaks, as far as it says so. It is compared only, never trusted.
 * @param {string} token
 */
function subject(token) {
  try {
    const { iss, sub } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return JSON.stringify([iss, sub]);
  } catch {
    return token;
  }
}

/**
 * Return all items of a list, read page by page.
 * @template Item
 * @param {(query: Query) => Promise<Page<Item>>} read
 */
export async function readAll(read) {
  /** @type {Item[]} */
  const items = [];
  /** @type {Query | null} */
  let cursor = {};
  while (cursor) {
    /** @type {Page<Item>} */
    const page = await read({ limit: MAX_PAGE_SIZE, ...cursor });
    items.push(...page.items);
    cursor = page.next_cursor ? { cursor: page.next_cursor } : null;
  }
  return items;
}

/**
 * Return a function that sends a body with an idempotency key. The key of a body stays until a response arrives, so
 * that sending it again after a lost response does not do it twice.
 */
export function withIdempotencyKey() {
  const keys = new Map();
  /**
   * @template {object} Body
   * @template Result
   * @param {Body} body
   * @param {(body: Body, key: string) => Promise<Result>} send
   * @param {string} about The thing that the body is about, if the function is used for several.
   */
  return async (body, send, about = "") => {
    const text = JSON.stringify([about, body]);
    if (!keys.has(text)) keys.set(text, crypto.randomUUID());
    const result = await send(body, keys.get(text));
    keys.delete(text);
    return result;
  };
}

/** @param {Query | URLSearchParams} query */
export function queryString(query) {
  const text = new URLSearchParams(/** @type {Record<string, string>} */ (query)).toString();
  return text && `?${text}`;
}
