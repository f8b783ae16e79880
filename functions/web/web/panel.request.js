// The card of a pending request: who asks for what, and the buttons that answer it.

import { runAction } from "./actions.js";
import { withIdempotencyKey } from "./api.js";
import { button, buttons, element, muted, paragraph, quoted, termsFields } from "./elements.js";
import { distinctName, format, inSentence, moment, termsText } from "./texts.js";

/** @import { Grant, Request } from "../types/api" */
/** @import { ActionResult, PanelSession } from "../types/pages" */

/** Codes of refusals that mean: another user or the time was faster. */
const CLOSED = ["request_closed", "request_expired"];

/**
 * @param {Request} request
 * @param {PanelSession} session
 * @param {() => Promise<unknown>} refreshLive
 * @param {(grant: Grant) => ActionResult} given
 */
export function requestCard(request, session, refreshLive, given) {
  const { guestkey, texts } = session;
  const strings = texts.asked;
  const agent = distinctName(request.agent, session);
  const { request_id: id, period, ticket } = request;
  const send = withIdempotencyKey();
  const { children, chosen } = termsFields(session, id, request);
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
    paragraph(format(strings.terms, { period: inSentence(texts.periods[period]), export: termsText(request, session) })),
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
