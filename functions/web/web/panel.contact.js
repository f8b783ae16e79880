// How support is reached: telephone numbers, opening hours, mail address and emergency line, from the API.

import { timeOfDay, weekday } from "./days.js";
import { element, muted, paragraph } from "./elements.js";
import { format, moment } from "./texts.js";

/** @import { About, Api, Contact, Money, Opening } from "../types/api" */
/** @import { LaterSession, Language } from "../types/pages" */

/** @typedef {Pick<LaterSession, "texts" | "locale" | "tag">} Spoken */

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/**
 * Show how support is reached in a place, unless another place of the element shows it, and return it. The country and
 * the time zone are the account's as far as it is known, or else the browser's.
 * @param {HTMLElement} place
 * @param {Api} guestkey
 * @param {Spoken} language
 * @param {About} [about]
 * @param {Contact} [known]
 */
export async function showContact(place, guestkey, language, about, known) {
  const country = about?.country ?? new Intl.Locale(language.locale).region ?? "";
  const contact = known ?? (await guestkey.contact({ country, language: language.locale }));
  const zone = about?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const root = /** @type {ShadowRoot} */ (place.getRootNode());
  if (!root.getElementById("contact")) place.append(contactCard(contact, { ...language, zone }));
  return contact;
}

/**
 * Return what support says of itself. While it is closed, the emergency line stands first.
 * @param {Contact} contact
 * @param {Pick<LaterSession, "texts" | "locale" | "zone" | "tag">} session
 */
export function contactCard(contact, session) {
  const { support } = contact;
  const strings = session.texts.contact;
  const opensAt = support.opens_at && moment(support.opens_at, session);
  const closed = opensAt ? format(strings.closedUntil, { moment: opensAt }) : strings.closed;
  return element(
    "section",
    { class: "card", "aria-labelledby": "contact" },
    element("h3", { id: "contact" }, strings.heading),
    ...(support.open_now ? [] : [paragraph(closed), ...emergency(contact, session)]),
    support.phone && labelled(strings.phone, link("tel", support.phone)),
    ...hours(contact, session),
    support.email && labelled(strings.email, link("mailto", support.email)),
    ...(support.open_now ? emergency(contact, session) : []),
  );
}

/**
 * @param {Contact} contact
 * @param {Pick<LaterSession, "texts" | "locale">} session
 */
function emergency({ emergency: { phone, fee, answered_within_hours: hours } }, session) {
  const strings = session.texts.contact;
  if (!phone) return [];
  return [
    element("p", { class: "number" }, `${strings.emergency}: `, link("tel", phone)),
    hours ? muted(format(strings.promise, { hours })) : null,
    fee && muted(format(strings.fee, { amount: money(fee, session), minutes: fee.per_started_minutes })),
  ];
}

/**
 * Return the week of opening hours. Days one after another with the same hours share a line.
 * @param {Contact} contact
 * @param {Pick<LaterSession, "texts" | "locale">} session
 */
function hours({ support: { hours: { time_zone: zone, week } } }, session) {
  /** @type {{ days: string[], times: string }[]} */
  const lines = [];
  for (const day of DAYS) {
    const times = (week[day] ?? []).map((opening) => range(opening, session)).join(", ");
    const last = lines.at(-1);
    if (last?.times === times) last.days.push(day);
    else lines.push({ days: [day], times });
  }
  const shown = lines.filter(({ times }) => times);
  if (shown.length === 0) return [];
  const strings = session.texts.contact;
  const name = (/** @type {string} */ day) => weekday(DAYS.indexOf(day), session);
  return [
    muted(format(strings.hours, { zone })),
    element(
      "dl",
      {},
      ...shown.map(({ days, times }) => {
        const span = days.length > 1 ? `${name(days[0])} – ${name(days[days.length - 1])}` : name(days[0]);
        return element("div", {}, element("dt", {}, span), element("dd", {}, times));
      }),
    ),
  ];
}

/**
 * @param {Opening} opening
 * @param {Pick<LaterSession, "locale">} session
 */
function range({ from, until }, session) {
  return `${timeOfDay(from, session)} – ${timeOfDay(until, session)}`;
}

/**
 * @param {string} label
 * @param {Node} value
 */
function labelled(label, value) {
  return element("p", {}, `${label}: `, value);
}

/**
 * @param {"tel" | "mailto"} kind
 * @param {string} address
 */
function link(kind, address) {
  return element("a", { href: `${kind}:${kind === "tel" ? address.replace(/[^+\d]/g, "") : address}` }, address);
}

/**
 * @param {Money} amount
 * @param {Pick<Language, "locale">} language
 */
export function money({ amount, currency }, { locale }) {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(
    /** @type {`${number}`} */ (amount),
  );
}
