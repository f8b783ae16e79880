// Tab: the customer's name and version.

import { announce, button, buttons, element } from "./elements.js";
import { facts } from "./facts.js";

/** @import { LaterSession, Tab } from "../types/pages" */

/**
 * The data that support asks for on the telephone: customer name and version.
 * @param {LaterSession} session
 * @returns {Tab}
 */
export function about({ me, about, texts }) {
  const strings = texts.about;
  /** @type {[string, string][]} */
  const rows = [
    [strings.tenant, about.customer_name],
    [strings.name, about.name],
    [strings.version, about.version],
    [strings.user, me.name],
  ];
  const copy = async () => {
    const text = rows.map(([label, value]) => `${label}: ${value}`).join("\n");
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    announce(place, isDone ? strings.copied : strings.notCopied);
  };
  const place = element(
    "section",
    {},
    element("h3", {}, strings.heading),
    facts(...rows),
    buttons(button(strings.copy, copy, null, { id: "copy" })),
  );
  return [[place]];
}
