// The live grants in the first tab of the panel, by person and department, and who of them is in the account.

import { loadInto, runAction, runNext } from "./actions.js";
import { readAll } from "./api.js";
import { announce, button, countdown, element, muted, paragraph, row } from "./elements.js";
import { distinctName, format, shortEndMoment, shortMoment, termsText } from "./texts.js";

/** @import { Grant, Inside, Lock, Presence } from "../types/api" */
/** @import { ActionResult, PanelSession } from "../types/pages" */
/** @typedef {{ type: string, id: string }} Who */

/**
 * Return the list of live grants. `onLock` is called with the lock of the account, or null, whenever it was read.
 * @param {PanelSession} session
 * @param {(locked: Lock | null) => unknown} onLock
 */
export function liveList(session, onLock) {
  const { guestkey, texts } = session;
  const strings = texts.live;
  const place = element("section", { "aria-labelledby": "live" });
  /** @type {Grant[]} */
  let grants = [];
  /** @type {Inside[]} */
  let inside = [];

  /** @returns {Promise<void>} */
  const refresh = () =>
    loadInto(session, place, async () => {
      const read = [readAll((query) => guestkey.grants({ state: "live", ...query })), guestkey.presence()];
      const [live, { items, locked }] = /** @type {[Grant[], Presence]} */ (await Promise.all(read));
      [grants, inside] = [live, items];
      onLock(locked);
      const groups = byGrantee(live);
      const heading = element("h3", { id: "live", tabindex: "-1" }, strings.heading);
      if (groups.length === 0) return [heading, muted(strings.nobody)];
      const all = format(strings.all, { number: live.length });
      const revokeAll = live.length > 1 && button(all, askToRevokeAll, null, { id: "end-all" });
      return [
        heading,
        element("ul", { class: "rows" }, ...groups.map(groupRow)),
        revokeAll && element("div", { class: "buttons" }, revokeAll),
      ];
    });

  /** @param {Grant[]} group */
  function groupRow(group) {
    const who = distinctName(group[0].grantee, session);
    const ids = group.map((grant) => grant.grant_id);
    const present = inside.filter((one) => one.grant_ids?.some((grant) => ids.includes(grant)));
    const due = group.filter((grant) => grant.review_due);
    const number = group.length;
    const label = number > 1 ? format(strings.revokeMany, { number }) : strings.revoke;
    const attributes = { id: `revoke-${ids[0]}`, "aria-label": format(strings.revokeWhom, { name: who }) };
    return row(
      who,
      [
        due.length > 0 && element("p", {}, element("span", { class: "badge due" }, strings.due)),
        ...group.flatMap(grantLines),
        ...present.map((one) => paragraph(insideText(one), "inside")),
      ],
      element(
        "div",
        { class: "buttons" },
        due.length > 0 ? button(strings.keep, () => keep(due, group[0].grantee.name), null, { id: `keep-${ids[0]}` }) : null,
        button(label, () => revoke(group), null, attributes),
      ),
    );
  }

  /** @param {Grant} grant */
  function grantLines(grant) {
    return [
      `${until(grant)}, ${termsText(grant, session)}`,
      grant.ends_at && countdown(grant.ends_at, session, refresh),
    ];
  }

  /** @param {Grant} grant */
  function until(grant) {
    return grant.ends_at
      ? format(texts.until, { moment: shortEndMoment(grant.ends_at, session) })
      : texts.periods.permanent;
  }

  /** @param {Inside} one */
  function insideText({ agent, since }) {
    return format(strings.inside, { name: distinctName(agent, session), moment: shortMoment(since, session) });
  }

  /** @param {Grant[]} some */
  async function endAll(some) {
    for (const grant of some) session.emit("revoked", await ended(grant, session));
  }

  /**
   * Revoke the grants of one person or department, and say who still comes in, and through what.
   * @param {Grant[]} group
   */
  function revoke(group, run = runAction) {
    return run(session, place, async () => {
      const before = inside;
      await endAll(group);
      await refresh();
      place.querySelector("h3")?.focus();
      return afterwards(group, before);
    });
  }

  /**
   * @param {Grant[]} group The grants that were revoked.
   * @param {Inside[]} before
   * @returns {Promise<ActionResult>}
   */
  async function afterwards(group, before) {
    const { name } = group[0].grantee;
    const gone = format(strings.gone, { name });
    const [still] = await stillIn(group, before);
    if (!still) return gone;
    const what = still.through.map((grant) => `${grant.grantee.name}, ${until(grant)}`).join("; ");
    const text = format(strings.still, { name: still.name, what });
    return [text, { text: strings.revokeToo, press: () => revoke(still.through, runNext) }];
  }

  /**
   * Return the people who still come in, and the grants by which they do: the agent who was named, and agents who are
   * in the account.
   * @param {Grant[]} group
   * @param {Inside[]} before
   */
  async function stillIn(group, before) {
    const ids = group.map((grant) => grant.grant_id);
    const known = before.filter((one) => one.grant_ids?.some((id) => ids.includes(id))).map((one) => one.agent);
    const { type, id, name } = group[0].grantee;
    if (type === "agent" && !known.some((agent) => agent.id === id)) {
      const { agents } = await guestkey.directory(name);
      known.push(...agents.filter((agent) => agent.id === id));
    }
    return known
      .map((agent) => ({ name: agent.name, through: grants.filter((grant) => covers(grant, agent)) }))
      .filter(({ through }) => through.length > 0);
  }

  function askToRevokeAll() {
    const number = grants.length;
    const press = () =>
      runNext(session, place, async () => {
        await endAll(grants);
        await refresh();
        place.querySelector("h3")?.focus();
        return strings.goneAll;
      });
    announce(place, format(strings.sure, { number }), "ok", { text: strings.yes, press });
  }

  /**
   * @param {Grant[]} due
   * @param {string} name
   */
  function keep(due, name) {
    return runAction(session, place, async () => {
      for (const grant of due) await guestkey.keep(grant.grant_id);
      await refresh();
      return format(strings.kept, { name });
    });
  }

  return {
    place,
    refresh,
    /** Revoke a grant that was given a moment ago. @param {Grant} grant */
    undo: (grant) => revoke([grant], runNext),
    /** Return the live grant of a person or department that ends last. @param {Who} who */
    of: ({ type, id }) => latest(grants.filter((one) => one.grantee.type === type && one.grantee.id === id)),
  };
}

/**
 * Return the grants of each person and department, those with a review due first.
 * @param {Grant[]} grants
 */
function byGrantee(grants) {
  const groups = [...Map.groupBy(grants, ({ grantee: { type, id } }) => JSON.stringify([type, id])).values()];
  const hasDue = (/** @type {Grant[]} */ group) => Number(group.some((grant) => grant.review_due));
  return groups.sort((one, other) => hasDue(other) - hasDue(one));
}

/** @param {Grant[]} grants */
function latest(grants) {
  return grants.find((one) => !one.ends_at) ?? grants.sort((one, other) => ends(other) - ends(one)).at(0);
}

/** @param {Grant} grant */
function ends({ ends_at }) {
  return Date.parse(ends_at ?? "");
}

/**
 * @param {Grant} grant
 * @param {{ id: string, departments: string[] }} agent
 */
function covers({ grantee: { type, id } }, agent) {
  return type === "agent" ? id === agent.id : agent.departments.includes(id);
}

/**
 * @param {Grant} grant
 * @param {PanelSession} session
 */
function ended(grant, { guestkey }) {
  return guestkey.revoke(grant.grant_id).catch((/** @type {any} */ error) => {
    // The time was faster: the access is over either way.
    if (error.problem?.code === "grant_ended") return grant;
    throw error;
  });
}
