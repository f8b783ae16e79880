// A list, read page by page.

import { loadInto, untilReleased } from "./actions.js";
import { button, element, muted } from "./elements.js";

/** @import { Page, Query } from "../types/api" */
/** @import { Language } from "../types/pages" */

/**
 * Show a list in a place, with a button for its next page, and return what reads it again. Rows are known by their ids:
 * none is there twice, and one whose item is unchanged stays as it is.
 *
 * `refresh` reads the first page again and keeps the pages loaded behind it; `reload` begins anew, as with another filter.
 * @template Item
 * @param {Language} session
 * @param {Element} place
 * @param {string & keyof Item} id
 * @param {(query: Query) => Promise<Page<Item>>} read Takes the query with the cursor.
 * @param {(item: Item) => HTMLElement} toRow
 * @param {string} emptyText
 */
export function pagedList(session, place, id, read, toRow, emptyText) {
  /** @typedef {{ key: unknown, text: string, row: HTMLElement }} Entry */
  const rows = element("ul", { class: "rows" });
  const next = element("div", { class: "buttons" });
  place.append(rows, next);
  /** @type {Entry[]} */
  let shown = [];
  /** @type {string | null} */
  let cursor = null;
  let loads = 0;

  /** @param {Item} item */
  const entryOf = (item) => {
    const [key, text] = [item[id], JSON.stringify(item)];
    const known = shown.find((one) => one.key === key);
    return known?.text === text ? known : { key, text, row: toRow(item) };
  };
  /** @param {Entry[]} entries */
  const show = (entries) => {
    const isSame = entries.length === shown.length && entries.every((one, index) => one === shown[index]);
    shown = entries;
    if (!isSame) rows.replaceChildren(...entries.map(({ row }) => row));
  };
  /**
   * @param {Query} query
   * @param {(entries: Entry[], cursor: string | null) => unknown} put
   */
  const load = async (query, put) => {
    loads += 1;
    await loadInto(session, next, async () => {
      const { items, next_cursor } = await read(query);
      await untilReleased(place);
      return () => {
        put(items.map(entryOf), next_cursor);
        if (!cursor) return [shown.length === 0 && muted(emptyText)];
        return [button(session.texts.more, more, null, { id: "more" })];
      };
    });
    loads -= 1;
  };
  const more = () => {
    load({ cursor: cursor ?? "" }, (entries, following) => {
      cursor = following;
      const added = entries.filter(({ key }) => !shown.some((one) => one.key === key));
      show([...shown, ...added]);
      added[0]?.row.focus();
    });
  };
  const refresh = () => {
    // A page under way is as new.
    if (loads > 0) return;
    load({}, (entries, following) => {
      const keys = new Set(entries.map(({ key }) => key));
      const last = shown.findIndex(({ key }) => key === entries.at(-1)?.key);
      const behind = last < 0 || !following ? [] : shown.slice(last + 1).filter(({ key }) => !keys.has(key));
      if (behind.length === 0) cursor = following;
      show([...entries, ...behind]);
    });
  };
  const reload = () => {
    show([]);
    return load({}, (entries, following) => {
      cursor = following;
      show(entries);
    });
  };
  reload();
  return { refresh, reload };
}
