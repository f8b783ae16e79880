// The API as this page asks it. An answer is its JSON, a `Refusal` with the problem's members, or `Unreachable`: then
// nobody knows whether anything was done.

const SECONDS = 1000;
const PATIENCE = { GET: 15 * SECONDS, POST: 30 * SECONDS, DELETE: 30 * SECONDS };

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

/** Return the calls of somebody with that token. */
export function api(token) {
  async function call(method, path, { order, key } = {}) {
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    if (order) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    let answer, said;
    try {
      answer = await fetch(path, {
        method,
        headers,
        body: order && JSON.stringify(order),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE[method]),
      });
      said = await answer.json();
    } catch (error) {
      throw new Unreachable(method, { cause: error });
    }
    if (answer.ok) return said;
    // Busy, throttled or broken: none of these says what became of the request.
    if (answer.status === 429 || answer.status >= 500) throw new Unreachable(method);
    throw new Refusal(answer.status, said);
  }

  const requestPath = (id) => `v1/requests/${encodeURIComponent(id)}`;
  const grantPath = (id) => `v1/grants/${encodeURIComponent(id)}`;
  return {
    me: () => call("GET", "v1/me"),
    about: () => call("GET", "v1/about"),
    request: (id) => call("GET", requestPath(id)),
    approve: (id, order, key) => call("POST", `${requestPath(id)}/approve`, { order, key }),
    decline: (id, note) => call("POST", `${requestPath(id)}/decline`, { order: note ? { note } : {} }),
    grant: (id) => call("GET", grantPath(id)),
    revoke: (id) => call("DELETE", grantPath(id)),
  };
}
