// Reads the link of a mail out of the address of the page. Security gateways rewrite links: they escape the `#`, or put
// the fragment into the path or the query.

const PAGE = /^(.*?)\/activate(.*)$/i;
const TARGET = /^(?:(request|grant)=)?([0-9A-Z]+)$/;
const WITHIN = /(?:\b(request|grant)=)?\b([0-9A-Z]{26})\b/;

/**
 * Return the path of the page without anything that was appended to it, and the fragment of the link: the address's own
 * one, or else the first id in the path or in the query.
 * @param {{ pathname: string, search: string, hash: string }} address
 */
export function readLink({ pathname, search, hash }) {
  const [, base, appended] = PAGE.exec(pathname) ?? [];
  const path = base === undefined ? pathname : `${base}/activate`;
  if (hash.length > 1) return { path, fragment: hash.slice(1) };
  const [, kind, id] = WITHIN.exec(unescaped(`${appended ?? ""}${search}`)) ?? [];
  return { path, fragment: id === undefined ? "" : kind ? `${kind}=${id}` : id };
}

/**
 * Return the request or the grant to which a fragment leads. A bare id is that of a request.
 * @param {string} fragment
 */
export function targetOf(fragment) {
  const [, kind, id] = TARGET.exec(fragment) ?? [];
  return { isGrant: kind === "grant", id: id ?? "" };
}

/** @param {string} text */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
