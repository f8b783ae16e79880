// Sign-in by OpenID Connect: authorization code flow with PKCE, as a public client. The token is returned to the caller
// and stored nowhere. The state of a sign-in is stored in this tab's sessionStorage, and read once.

/** @typedef {{ issuer: string, client_id: string, scope: string, token: string }} Settings */
/** @typedef {{ state: string, nonce: string, verifier: string, fragment: string }} Pending */
/** @typedef {{ response: URLSearchParams, pending: Pending | null }} SignInResponse */
/** @typedef {"cancelled" | "failed" | "unreachable"} Reason */

const STORAGE_KEY = "guestkey.sign-in";
const TIMEOUT_MILLISECONDS = 15_000;

/** Signing in ended without a token. The reason is `cancelled`, `failed` or `unreachable`. */
export class NotSignedIn extends Error {
  /**
   * @param {Reason} reason
   * @param {unknown} [cause]
   */
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** Return whether the address contains the provider's response. */
export function isReturning() {
  const response = new URLSearchParams(location.search);
  return response.has("code") || response.has("error");
}

/**
 * Go to the provider's sign-in page. With `forceLogin` it asks for the user even if it knows one.
 * @param {Settings} settings
 * @param {string} fragment
 */
export async function start(settings, fragment, { forceLogin = false } = {}) {
  const provider = await discover(settings);
  const pending = { state: random(), nonce: random(), verifier: random(), fragment };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const url = new URL(provider.authorization_endpoint);
  for (const [name, value] of Object.entries({
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: redirectUri(),
    scope: settings.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    ...(forceLogin ? { prompt: "login" } : {}),
  })) {
    url.searchParams.set(name, value);
  }
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(pending));
  location.assign(url.href);
}

/**
 * Remove the provider's response from the address, restore the fragment of the link there, and return the response.
 * @returns {SignInResponse}
 */
export function takeResponse() {
  const response = new URLSearchParams(location.search);
  /** @type {Pending} */
  const pending = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "{}");
  sessionStorage.removeItem(STORAGE_KEY);
  const isKnown = Boolean(pending.state) && response.get("state") === pending.state;
  history.replaceState(null, "", location.pathname + (pending.fragment ? `#${pending.fragment}` : ""));
  return { response, pending: isKnown ? pending : null };
}

/**
 * Exchange the provider's response for a token. Throws NotSignedIn.
 * @param {Settings} settings
 * @param {SignInResponse} signInResponse
 * @returns {Promise<string>}
 */
export async function token(settings, { response, pending }) {
  if (!pending) throw new NotSignedIn("failed");
  if (response.has("error")) throw new NotSignedIn(response.get("error") === "access_denied" ? "cancelled" : "failed");
  if (response.has("iss") && response.get("iss") !== settings.issuer) throw new NotSignedIn("failed");
  const provider = await discover(settings);
  const answer = await fetch(provider.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: response.get("code") ?? "",
      redirect_uri: redirectUri(),
      client_id: settings.client_id,
      code_verifier: pending.verifier,
    }),
    ...fetchOptions(),
  }).catch((error) => {
    throw new NotSignedIn("unreachable", error);
  });
  if (!answer.ok) throw new NotSignedIn(answer.status >= 500 ? "unreachable" : "failed");
  const tokens = await answer.json().catch((error) => {
    throw new NotSignedIn("failed", error);
  });
  if (!isForThisClient(tokens.id_token, settings, pending.nonce) || !tokens[settings.token]) {
    throw new NotSignedIn("failed");
  }
  return tokens[settings.token];
}

/** @param {Settings} settings */
async function discover(settings) {
  const address = `${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(address, fetchOptions());
    const provider = await answer.json();
    if (answer.ok && provider.issuer === settings.issuer) return provider;
  } catch (error) {
    throw new NotSignedIn("unreachable", error);
  }
  throw new NotSignedIn("unreachable");
}

/**
 * Check the claims. The token came from the issuer over TLS, so the check of its signature is left to the API.
 * @param {string} idToken
 * @param {Settings} settings
 * @param {string} nonce
 */
function isForThisClient(idToken, settings, nonce) {
  try {
    const bytes = Uint8Array.from(atob(idToken.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return (
      claims.iss === settings.issuer && [claims.aud].flat().includes(settings.client_id) && claims.nonce === nonce
    );
  } catch {
    return false;
  }
}

/** @returns {RequestInit} */
function fetchOptions() {
  return { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) };
}

function redirectUri() {
  return location.origin + location.pathname;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
