// The first tab of the panel for a user without the right: which colleagues hold it.

import { element, paragraph } from "./elements.js";
import { format } from "./texts.js";

/** @import { PanelSession, Tab } from "../types/pages" */

/**
 * Show a user without the right which colleagues hold it. The API's refusal names them.
 * @param {PanelSession} session
 * @returns {Promise<Tab>}
 */
export async function missingRight({ guestkey, about, texts }) {
  const strings = texts.noRight;
  /** @type {any} */
  const refusal = await guestkey.requests().catch((error) => error);
  if (refusal.problem?.code !== "right_missing") throw refusal;
  /** @type {string[]} */
  const ask = refusal.problem.ask ?? [];
  return [
    [
      element("h3", {}, strings.heading),
      paragraph(format(strings.text, { account: about.name })),
      paragraph(ask.length > 0 ? strings.ask : strings.askAnybody),
      element("ul", { class: "people" }, ...ask.map((address) => element("li", { dir: "auto" }, address))),
    ],
  ];
}
