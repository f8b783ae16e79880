// Signing in: OpenID Connect's code flow with PKCE, as a public client. The token that comes of it is returned and kept
// nowhere. What has to outlive the way there and back waits in this tab's sessionStorage, and is used once.

const WAITING = "guestkey.sign-in";

/** Signing in did not end with a token. The reason is `cancelled`, `failed` or `unreachable`. */
export class NotSignedIn extends Error {
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** Return whether somebody comes back from signing in. */
export function isComingBack() {
  const said = new URLSearchParams(location.search);
  return said.has("code") || said.has("error");
}

/** Leave for the sign-in. With `anew` the user is asked who they are, even if the provider knows. */
export async function leave(settings, requestId, { anew = false } = {}) {
  const provider = await discovered(settings);
  const waiting = { state: random(), nonce: random(), verifier: random(), requestId };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(waiting.verifier));
  const there = new URL(provider.authorization_endpoint);
  for (const [name, value] of Object.entries({
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: ownAddress(),
    scope: settings.scope,
    state: waiting.state,
    nonce: waiting.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    ...(anew ? { prompt: "login" } : {}),
  })) {
    there.searchParams.set(name, value);
  }
  sessionStorage.setItem(WAITING, JSON.stringify(waiting));
  location.assign(there);
}

/** Take what the sign-in said out of the address, put the request's id back in, and return what was said. */
export function welcomeBack() {
  const said = new URLSearchParams(location.search);
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) ?? "{}");
  sessionStorage.removeItem(WAITING);
  const known = Boolean(waiting.state) && said.get("state") === waiting.state;
  history.replaceState(null, "", location.pathname + (waiting.requestId ? `#${waiting.requestId}` : ""));
  return { said, waiting: known ? waiting : null };
}

/** Return the token for what was said at the way back. */
export async function token(settings, { said, waiting }) {
  if (!waiting) throw new NotSignedIn("failed");
  if (said.has("error")) throw new NotSignedIn(said.get("error") === "access_denied" ? "cancelled" : "failed");
  if (said.has("iss") && said.get("iss") !== settings.issuer) throw new NotSignedIn("failed");
  const provider = await discovered(settings);
  const answer = await fetch(provider.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: said.get("code"),
      redirect_uri: ownAddress(),
      client_id: settings.client_id,
      code_verifier: waiting.verifier,
    }),
    ...PRIVATELY(),
  }).catch((error) => {
    throw new NotSignedIn("unreachable", error);
  });
  if (!answer.ok) throw new NotSignedIn(answer.status >= 500 ? "unreachable" : "failed");
  const given = await answer.json().catch((error) => {
    throw new NotSignedIn("failed", error);
  });
  if (!isMeantForUs(given.id_token, settings, waiting.nonce) || !given[settings.token]) throw new NotSignedIn("failed");
  return given[settings.token];
}

async function discovered(settings) {
  const address = `${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(address, PRIVATELY());
    const provider = await answer.json();
    if (answer.ok && provider.issuer === settings.issuer) return provider;
  } catch (error) {
    throw new NotSignedIn("unreachable", error);
  }
  throw new NotSignedIn("unreachable");
}

/** The token came straight from the issuer over TLS, so its claims are looked at and its signature is left to the API. */
function isMeantForUs(idToken, settings, nonce) {
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

const PRIVATELY = () => ({ cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(15_000) });

function ownAddress() {
  return location.origin + location.pathname;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
