// Checks the ledger for the panel, and shows the verdict: the heads compared, each fault, and the head to keep.

import { pages } from "./downloads.js";
import { announce, button, buttons, element, muted, paragraph } from "./elements.js";
import { parseHead } from "./ledger.line.js";
import { verifyLedger } from "./ledger.verify.js";
import { MAX_PAGE_SIZE } from "./limits.js";
import { format, loadTexts } from "./texts.js";

/** @import { Head } from "./ledger.line.js" */
/** @import { Finding } from "./ledger.findings.js" */
/** @import { Catalogues, LedgerTexts, PanelSession } from "../types/pages" */

/** @type {Catalogues<LedgerTexts>} */
const CATALOGUES = {
  de: () => import("./ledger.de.js"),
  "de-AT": () => import("./ledger.de-at.js"),
  "de-CH": () => import("./ledger.de-ch.js"),
  en: () => import("./ledger.en.js"),
  es: () => import("./ledger.es.js"),
  it: () => import("./ledger.it.js"),
};
const MAX_SHOWN = 20;

/**
 * Check the user's ledger, show the findings in a place, and return the verdict. A text in the field that is no head is
 * marked, and nothing is judged.
 * @param {PanelSession} session
 * @param {HTMLInputElement} field
 * @param {HTMLElement} place
 */
export async function checkLedger(session, field, place) {
  const { texts } = await loadTexts(CATALOGUES, session.tag);
  const strings = texts.check;
  place.replaceChildren();
  const pasted = field.value.trim();
  const kept = pasted ? parseHead(pasted) : null;
  field.ariaInvalid = pasted && !kept ? "true" : null;
  if (field.ariaInvalid) {
    field.focus();
    return strings.noHead;
  }
  const copy = pages(session.guestkey, "ledger", { limit: MAX_PAGE_SIZE });
  const { head, findings, accidents, compared } = await verifyLedger(copy, { kept, tenantId: session.me.tenant_id });
  const shown = findings.slice(0, MAX_SHOWN).map((finding) => element("li", {}, findingText(finding, texts)));
  const others = findings.length - shown.length;
  place.replaceChildren(
    element("ul", { class: "findings" }, ...shown, others ? element("li", {}, format(strings.others, { others })) : null),
    ...accidents.map((accident) => muted(texts.accidents[accident])),
    ...comparison(kept, head, compared, texts).map(muted),
  );
  if (findings.length || !head) return strings.broken;
  place.append(...headToKeep(head, place, texts));
  return format(strings.sound, { seq: head.seq });
}

/**
 * @param {Finding} finding
 * @param {LedgerTexts} texts
 */
function findingText({ fault, line, seq, toSeq, why }, texts) {
  const strings = texts.check;
  const isUnnumbered = seq === null && fault === "malformed";
  const numbers = seq === toSeq ? seq : `${seq}–${toSeq}`;
  return format(isUnnumbered ? strings.unnumbered : texts.faults[fault], { line, seq: numbers ?? "?", why });
}

/**
 * Return which heads were compared, and what remains open after that.
 * @param {Head | null} kept
 * @param {Head | null} head
 * @param {Head[]} compared
 * @param {LedgerTexts} texts
 */
function comparison(kept, head, compared, texts) {
  const strings = texts.check;
  const stated = compared.filter((one) => one !== kept).map(({ seq }) => format(strings.stated, { seq }));
  if (!kept) return [...stated, strings.uncompared];
  const { seq } = kept;
  if (!compared.includes(kept)) return [format(strings.unreached, { seq }), ...stated];
  const isPartial = head && seq < head.seq;
  return [format(strings.compared, { seq }), ...stated, ...(isPartial ? [format(strings.uncovered, { seq })] : [])];
}

/**
 * Return the head as the line that a mail has, with a button that copies it.
 * @param {Head} head
 * @param {HTMLElement} place
 * @param {LedgerTexts} texts
 */
function headToKeep({ seq, hash }, place, texts) {
  const strings = texts.check;
  const line = `Guestkey-Head: ${seq}:${hash}`;
  const copy = async () => {
    const isDone = await navigator.clipboard?.writeText(line).then(
      () => true,
      () => false,
    );
    announce(place, isDone ? strings.copied : strings.notCopied);
  };
  return [
    paragraph(strings.keep),
    element("code", { id: "new-head" }, line),
    buttons(button(strings.copy, copy, null, { id: "copy-head" })),
  ];
}
