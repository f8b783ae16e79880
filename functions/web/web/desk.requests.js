// Tab: the form that requests access from a customer, and the agent's own requests.

import { withIdempotencyKey } from "./api.js";
import { runAction } from "./actions.js";
import { zoneNote } from "./days.js";
import {
  button,
  buttons,
  element,
  muted,
  paragraph,
  quoted,
  row,
  termsFields
} from "./elements.js";
import { clearInvalid, markInvalid } from "./invalid.js";
import { pagedList } from "./lists.js";
import { EXTERNAL_ID, MAX_EXTERNAL_ID_LENGTH, MAX_REASON_LENGTH, MAX_TICKET_LENGTH } from "./limits.js";
import { format, inSentence, shortEndMoment, shortMoment, termsText } from "./texts.js";

/** @import { Request, SupportTenant } from "../types/api" */
/** @import { DeskSession, Tab } from "../types/pages" */

const [ASKED_PERIOD, ASKED_LEVEL] = /** @type {const} */ (["1h", "change"]);

/**
 * @param {DeskSession} session
 * @returns {Tab}
 */
export function requests(session) {
  const strings = session.texts.requests;
  const list = element("div");
  /** @param {Request} request */
  const toRow = (request) => requestRow(request, session, () => refresh());
  const { refresh } = pagedList(session, list, "request_id", session.support.requests, toRow, () => [muted(strings.nothing)]);
  const heading = element("h3", { id: "own" }, strings.heading);
  const section = element("section", { "aria-labelledby": "own" }, heading, list, zoneNote(session));
  return [[form(session, refresh), section], refresh];
}

// ------------------------------------------------------------------ the form

/**
 * The form. Its other fields appear when the customer is found, because the recipients depend on it.
 * @param {DeskSession} session
 * @param {() => void} refresh
 */
function form(session, refresh) {
  const { support, texts } = session;
  const strings = texts.ask;
  const fields = element("div", { class: "fields" });
  const typing = { maxlength: MAX_EXTERNAL_ID_LENGTH, autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
  const tenant = element("input", { id: "tenant", ...typing });
  const findTenant = () =>
    runAction(session, place, async () => {
      const id = tenant.value.trim();
      if (!EXTERNAL_ID.test(id)) {
        tenant.focus();
        return id ? texts.failed.tenant_unknown : strings.whose;
      }
      const found = await support.tenant(id);
      if (found.approver_emails.length === 0) return texts.failed.no_approvers;
      fields.replaceChildren(.../** @type {Node[]} */ (requestFields(found)));
      fields.querySelector("select")?.focus();
    });
  tenant.addEventListener("input", () => fields.replaceChildren());

  /** @param {SupportTenant} found */
  function requestFields(found) {
    const send = withIdempotencyKey();
    /** @param {string} address */
    const option = (address) => element("option", { value: address }, address);
    const number = found.approver_emails.length;
    const everybody = element("option", { value: "" }, format(strings.everybody, { number }));
    const whom = element("select", { id: "recipients" }, everybody, ...found.approver_emails.map(option));
    const asked = { period: ASKED_PERIOD, access: ASKED_LEVEL, may_export: true };
    const { children, chosen } = termsFields(session, "ask", asked);
    const why = element("textarea", { id: "reason", rows: "3", maxlength: MAX_REASON_LENGTH, dir: "auto" });
    const ticket = element("input", { id: "ticket", maxlength: MAX_TICKET_LENGTH, autocomplete: "off", dir: "auto" });
    const ask = () =>
      runAction(session, place, async () => {
        clearInvalid(why, ticket);
        const about = { reason: why.value, ...(ticket.value && { ticket: ticket.value }) };
        const body = { tenant_id: found.tenant_id, ...about, ...chosen() };
        let made;
        try {
          made = await send(whom.value ? { ...body, recipients: [whom.value] } : body, support.ask);
        } catch (/** @type {any} */ error) {
          throw markInvalid(error, { reason: why, ticket }, strings.invalid);
        }
        fields.replaceChildren();
        tenant.value = "";
        tenant.focus();
        refresh();
        return made.mail === "sent" ? format(strings.done, { name: found.name }) : strings.mailFailed;
      });
    return [
      element("p", { dir: "auto" }, element("strong", {}, found.name)),
      ...(found.locked ? [muted(strings.locked)] : []),
      element("label", { for: "recipients" }, strings.recipients),
      whom,
      ...children,
      element("label", { for: "reason" }, texts.reason),
      why,
      element("label", { for: "ticket" }, strings.ticket),
      ticket,
      element("div", { class: "buttons" }, button(strings.ask, ask, "primary", { id: "ask", part: "primary" })),
    ];
  }

  /** @type {HTMLElement} */
  const place = element(
    "form",
    { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), findTenant()) },
    element("h3", {}, strings.heading),
    element("label", { for: "tenant" }, strings.tenant),
    tenant,
    element("div", { class: "buttons" }, button(strings.find, findTenant, null, { id: "find" })),
    fields,
  );
  return place;
}

// ------------------------------------------------------------------ own requests

/**
 * @param {Request} request
 * @param {DeskSession} session
 * @param {() => void} refresh
 * @returns {HTMLElement}
 */
function requestRow(request, session, refresh) {
  const { support, texts } = session;
  const strings = texts.requests;
  const { request_id: id, period, state, note, ticket } = request;
  /**
   * Run an action and show the new state; also if another user or the time was faster.
   * @param {(id: string) => Promise<Request>} work
   * @param {string} done
   */
  const act = (work, done) =>
    runAction(session, current, async () => {
      let result, failure;
      try {
        result = await work(id);
      } catch (/** @type {any} */ error) {
        if (![409, 410].includes(error.status)) throw error;
        result = { ...request, state: error.problem.state ?? "expired" };
        failure = error;
      }
      // A reload replaced this row meanwhile, perhaps with the old state.
      if (!current.isConnected) return refresh();
      const updated = requestRow(result, session, refresh);
      current.replaceWith(updated);
      updated.focus();
      if (failure) throw failure;
      return result.state === "pending" && result.mail === "failed" ? "" : done;
    });
  const isOpen = state === "pending";
  /** @param {string} what */
  const attributes = (what) => ({ id: `${what}-${id}`, "aria-describedby": `about-${id}` });
  const values = { period: inSentence(texts.periods[period]), export: termsText(request, session) };
  const current = row(
    request.tenant_id,
    [
      element("p", { id: `about-${id}` }, quoted(request.reason)),
      ticket && format(strings.ticket, { ticket }),
      format(strings.asked, { moment: shortMoment(request.requested_at, session), ...values }),
      isOpen && format(strings.expires, { moment: shortEndMoment(request.expires_at, session) }),
      isOpen && request.mail === "failed" && paragraph(strings.mailFailed, "notice"),
      note && element("p", { class: "quiet" }, `${strings.note} `, quoted(note)),
    ],
    element("span", { class: `badge ${isOpen ? "live" : ""}` }, strings.states[state]),
  );
  const again = button(strings.sendAgain, () => act(support.sendAgain, strings.sent), null, attributes("send"));
  const withdrawn = () => act(support.withdraw, strings.withdrawn);
  const withdraw = button(strings.withdraw, withdrawn, null, attributes("withdraw"));
  current.append(isOpen ? buttons(again, withdraw) : buttons());
  return current;
}
