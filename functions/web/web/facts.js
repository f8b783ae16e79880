// A description list of facts, which no first tab of the panel needs.

import { element } from "./elements.js";

/** @import { Child } from "../types/pages" */

/**
 * Return a description list of name and value pairs.
 * @param {...[string, Child]} rows
 */
export function facts(...rows) {
  const pairs = rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", {}, ...pairs);
}
