// Reads lists in other formats than JSON: the overviews as CSV, the ledger as JSON Lines.

import { queryString } from "./api.js";

/** @import { Api, BytesPage, Query } from "../types/api" */

/**
 * Yield the pages of a list in another format than JSON.
 * @param {Api} guestkey
 * @param {string} path
 * @param {Query} query
 */
export async function* pages(guestkey, path, query) {
  let page = await bytes(guestkey, path, query);
  yield page;
  while (page.next) yield (page = await bytes(guestkey, path, new URLSearchParams(page.next)));
}

/**
 * @param {Api} guestkey
 * @param {string} path
 * @param {Query | URLSearchParams} query
 * @returns {Promise<BytesPage>}
 */
function bytes({ call }, path, query) {
  return call("GET", `v1/${path}${queryString(query)}`, {
    read: async (response) => ({
      bytes: new Uint8Array(await response.arrayBuffer()),
      head: response.headers.get("Guestkey-Head"),
      next: /<\?([^>]*)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1],
      fileName: fileName(response.headers.get("Content-Disposition") ?? ""),
    }),
  });
}

/**
 * Return the name that a response gives its file, if it does.
 * @param {string} disposition
 */
function fileName(disposition) {
  const [, name] = /filename\*=UTF-8''([^;]+)/.exec(disposition) ?? [];
  return name && decodeURIComponent(name);
}
