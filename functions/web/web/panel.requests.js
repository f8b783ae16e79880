// Pending requests in the first tab of the panel: a card for each.

import { failure, runAction } from "./actions.js";
import { readAll, withIdempotencyKey } from "./api.js";
import { announceArrival, button, buttons, element, muted, paragraph, periodFields, quoted } from "./elements.js";
import { distinctName, exportText, format, inSentence, moment } from "./texts.js";

/** @import { Grant, Request } from "../types/api" */
/** @import { ActionResult, PanelSession } from "../types/pages" */
/** @typedef {ReturnType<typeof requestCard>} Card */

/** Codes of refusals that mean: another user or the time was faster. */
const CLOSED = ["request_closed", "request_expired"];

/**
 * Return the list of pending requests. A card outlives a reload, so its fields keep their values; and it stays in its
 * place when the request was answered elsewhere. Requests that arrive later are announced, and shown when asked for.
 * @param {PanelSession} session
 * @param {() => Promise<unknown>} refreshLive
 * @param {(grant: Grant) => ActionResult} given Returns the notice of a new grant.
 */
export function requestList(session, refreshLive, given) {
  const strings = session.texts.asked;
  const place = element("div");
  /** @type {Map<string, Card>} */
  const cards = new Map();
  /** @type {Map<string, Request>} The requests that arrived later. */
  const later = new Map();
  let isSettled = false;

  /** @param {Request} request */
  const add = (request) => {
    const card = requestCard(request, session, refreshLive, given);
    cards.set(request.request_id, card);
    place.prepend(card.place);
    return card;
  };
  const showLater = () => {
    const shown = [...later.values()].reverse().map(add);
    later.clear();
    announceArrival(place, "");
    shown.at(-1)?.focus();
  };
  const read = async () => {
    const items = await readAll(session.guestkey.requests);
    const pending = new Set(items.map((one) => one.request_id));
    later.clear();
    for (const request of items.toReversed()) {
      if (cards.has(request.request_id)) continue;
      if (isSettled) later.set(request.request_id, request);
      else add(request);
    }
    for (const [id, card] of cards) if (!pending.has(id)) await card.closeElsewhere();
    const text = later.size > 0 ? format(strings.arrived, { number: later.size }) : "";
    announceArrival(place, text, ...(text ? [{ text: strings.show, press: showLater }] : []));
  };
  const failed = element("div");
  /** @returns {Promise<void>} */
  const refresh = async () => {
    try {
      await read();
      failed.replaceChildren();
    } catch (error) {
      failed.replaceChildren(...failure(session, error, refresh));
    }
  };
  return { place: element("div", {}, failed, place), begin: refresh, refresh, settle: () => (isSettled = true) };
}

/**
 * @param {Request} request
 * @param {PanelSession} session
 * @param {() => Promise<unknown>} refreshLive
 * @param {(grant: Grant) => ActionResult} given
 */
function requestCard(request, session, refreshLive, given) {
  const { guestkey, texts } = session;
  const strings = texts.asked;
  const agent = distinctName(request.agent, session);
  const { request_id: id, period, may_export, ticket } = request;
  const send = withIdempotencyKey();
  const { children, chosen } = periodFields(session, id, period, may_export);
  const heading = element("h3", { id: `asked-${id}`, tabindex: "-1" }, format(strings.heading, { agent }));
  let isOpen = true;
  /** @param {Request} closed */
  const close = (closed) => {
    isOpen = false;
    // The form below stays where it is.
    place.style.minHeight = `${place.getBoundingClientRect().height}px`;
    place.classList.add("answered");
    place.replaceChildren(heading, muted(answerText(closed, session)));
  };
  /** @type {(work: () => Promise<ActionResult>) => Promise<void>} */
  const submit = (work) =>
    runAction(session, place, async () => {
      try {
        return await work();
      } catch (/** @type {any} */ error) {
        if (!CLOSED.includes(error.problem?.code)) throw error;
        const closed = await guestkey.request(id);
        close(closed);
        return answerText(closed, session);
      } finally {
        await refreshLive();
      }
    });
  const approve = () =>
    submit(async () => {
      /** @type {(body: object, key: string) => Promise<Grant>} */
      const approveRequest = (body, key) => guestkey.approve(id, body, key);
      const grant = await send(chosen(), approveRequest);
      session.emit("granted", grant);
      close({ ...request, state: "approved", answered_at: grant.granted_at, answered_by: grant.granted_by });
      return given(grant);
    });
  const decline = () =>
    submit(async () => {
      close(await guestkey.decline(id));
      return format(strings.declined, { agent });
    });
  /** @type {HTMLElement} */
  const place = element(
    "section",
    { class: "card", "aria-labelledby": `asked-${id}` },
    heading,
    quoted(request.reason),
    ticket && muted(format(strings.ticket, { ticket })),
    paragraph(format(strings.terms, { period: inSentence(texts.periods[period]), export: exportText(may_export, session) })),
    ...children,
    buttons(
      button(strings.approve, approve, "primary", { id: `approve-${id}` }),
      button(strings.decline, decline, null, { id: `decline-${id}` }),
    ),
  );
  return {
    place,
    focus: () => heading.focus(),
    /** Say how the request was answered, if it was: only the request itself tells, not a list without it. */
    async closeElsewhere() {
      const current = isOpen && (await guestkey.request(id));
      if (current && current.state !== "pending") close(current);
    },
  };
}

/**
 * Return who answered a request, and when; or how else it ended.
 * @param {Request} request
 * @param {PanelSession} session
 */
function answerText(request, session) {
  const strings = session.texts.asked.answers;
  const { answered_at, answered_by } = request;
  const values = { name: answered_by?.name ?? "–", moment: answered_at ? moment(answered_at, session) : "–" };
  return format(strings[request.state === "pending" ? "expired" : request.state], values);
}
