// Pending requests in the first tab of the panel. The code of a card is loaded with the first request.

import { failure } from "./actions.js";
import { readAll } from "./api.js";
import { announceArrival, element } from "./elements.js";
import { format } from "./texts.js";

/** @import { Grant, Request } from "../types/api" */
/** @import { ActionResult, PanelSession } from "../types/pages" */
/** @import { requestCard as Make } from "./panel.request.js" */
/** @typedef {ReturnType<typeof Make>} Card */

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
  /** @type {typeof Make} */
  let requestCard;

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
    if (items.length > 0) ({ requestCard } = await import("./panel.request.js"));
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
