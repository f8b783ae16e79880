// A list, read page by page.

import { loadInto, untilReleased } from "./actions.js";
import { button, element } from "./elements.js";

/** @import { Page, Query } from "../types/api" */
/** @import { Children, Language } from "../types/pages" */

/**
 * Show a list in a place, with a button for its next page, and return what reads it again. Rows are known by their ids:
 * none is there twice, and one whose item is unchanged stays as it is.
 *
 * `refresh` reads the first page again and keeps the pages loaded behind it; `reload` begins anew, as with another
 * filter. A filter may leave nothing of a page: then the pages behind it are read, until one has something.
 * @template Item
 * @param {Language} session
 * @param {Element} place
 * @param {string & keyof Item} id
 * @param {(query: Query) => Promise<Page<Item>>} read Takes the query with the cursor.
 * @param {(item: Item) => HTMLElement} toRow
 * @param {() => Children} empty Returns what an empty list shows.
 * @param {(item: Item) => string} headingOf Returns the heading above an item and those after it with the same one.
 */
export function pagedList(session, place, id, read, toRow, empty, headingOf = () => "") {
  /** @typedef {{ key: unknown, text: string, heading: string, row: HTMLElement }} Entry */
  const rows = element("div");
  const next = element("div", { class: "buttons" });
  place.append(rows, next);
  /** @type {Entry[]} */
  let shown = [];
  /** @type {string | null} */
  let cursor = null;
  let loads = 0;
  let latest = {};

  /** @param {Item} item */
  const entryOf = (item) => {
    const [key, text] = [item[id], JSON.stringify(item)];
    const known = shown.find((one) => one.key === key);
    return known?.text === text ? known : { key, text, heading: headingOf(item), row: toRow(item) };
  };
  /** @param {Entry[]} entries */
  const show = (entries) => {
    const isSame = entries.length === shown.length && entries.every((one, index) => one === shown[index]);
    shown = entries;
    if (!isSame) rows.replaceChildren(...[...Map.groupBy(entries, ({ heading }) => heading)].flatMap(group));
  };
  /** @param {[heading: string, entries: Entry[]]} group */
  const group = ([heading, entries]) => {
    const list = element("ul", { class: "rows" }, ...entries.map(({ row }) => row));
    return heading ? [element("h4", { class: "day" }, heading), list] : [list];
  };
  /**
   * Return the first page from a cursor on that has an item, or the last one. Stops when another load has begun.
   * @param {Query} query
   */
  const readOn = async (query) => {
    const mine = (latest = {});
    let page = await read(query);
    while (page.items.length === 0 && page.next_cursor && mine === latest) page = await read({ cursor: page.next_cursor });
    return page;
  };
  /**
   * @param {Query} query
   * @param {(entries: Entry[], cursor: string | null) => unknown} put
   */
  const load = async (query, put) => {
    loads += 1;
    await loadInto(session, next, async () => {
      const { items, next_cursor } = await readOn(query);
      await untilReleased(place);
      return () => {
        put(items.map(entryOf), next_cursor);
        if (!cursor) return shown.length > 0 ? [] : empty();
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
    // The button for more has the cursor of what was there.
    next.replaceChildren();
    return load({}, (entries, following) => {
      cursor = following;
      show(entries);
    });
  };
  reload();
  return { refresh, reload };
}
