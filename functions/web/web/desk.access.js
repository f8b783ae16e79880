// Tab: the customers that the agent may enter, and the agent's open logins. A login requires a reason.

import { readAll, withIdempotencyKey } from "./api.js";
import { loadInto, runAction } from "./actions.js";
import { zoneNote } from "./days.js";
import { announce, button, buttons, countdown, element, muted, quoted } from "./elements.js";
import { clearInvalid, markInvalid } from "./invalid.js";
import { MAX_REASON_LENGTH, MAX_TICKET_LENGTH } from "./limits.js";
import { format, shortEndMoment, shortMoment, termsText } from "./texts.js";

/** @import { Access, Login } from "../types/api" */
/** @import { DeskSession, Tab } from "../types/pages" */
/** @typedef {{ session: DeskSession, refresh: () => Promise<void> }} AccessTab */
/** @typedef {ReturnType<typeof tenantEntry>} TenantEntry */

/** Codes of refusals that mean: no access to the customer now. */
const NO_ACCESS = ["no_live_grant", "policy_forbids", "tenant_closed"];

/**
 * @param {DeskSession} session
 * @returns {Tab}
 */
export function access(session) {
  const { texts } = session;
  const strings = texts.access;
  /** @type {Map<string, TenantEntry>} */
  const entries = new Map();
  const list = element("div");
  /** @type {() => Promise<void>} */
  const refresh = () =>
    loadInto(session, list, async () => {
      const shown = [...entries.values()].map((entry) => entry.loginId());
      const { access, openLogins } = session.support;
      const [tenants, logins] = await Promise.all([readAll(access), readAll(openLogins)]);
      return () => {
        const open = new Map(tenants.map((tenant) => [tenant.tenant_id, tenant]));
        for (const [id, entry] of entries) {
          if (open.has(id)) continue;
          entries.delete(id);
          if (!entry.loginId()) continue;
          // The login ended together with the access.
          entry.endLogin();
          announce(list, format(strings.over, { name: entry.name }), "error");
        }
        for (const [id, tenant] of open) {
          const entry = entries.get(id) ?? tenantEntry(tenant, tab);
          entries.set(id, entry);
          entry.show(tenant);
          const own = logins.filter((login) => login.tenant_id === id);
          const current = entry.loginId();
          if (!current) entry.restore(own);
          else if (shown.includes(current) && !own.some((one) => one.login_id === current)) entry.leaveElsewhere(own);
        }
        const sorted = [...entries.values()].sort((one, other) => one.name.localeCompare(other.name));
        if (sorted.length === 0) return [muted(strings.nowhere)];
        return [element("ul", { class: "rows" }, ...sorted.map(({ row }) => row)), zoneNote(session)];
      };
    });
  const tab = { session, refresh };
  refresh();
  const heading = element("h3", { id: "access" }, strings.heading);
  const again = button(texts.refresh, refresh, null, { id: "refresh" });
  return [[element("section", { "aria-labelledby": "access" }, heading, list), buttons(again)], refresh];
}

/**
 * Return the entry of a customer. It outlives a reload of the list, so its fields keep their text.
 * @param {Access} tenant
 * @param {AccessTab} tab
 */
function tenantEntry({ tenant_id: id, name }, tab) {
  const { session } = tab;
  const { support, texts } = session;
  const strings = texts.access;
  const send = withIdempotencyKey();
  const facts = element("div");
  const handle = element("div", { class: "handle" });
  /** @type {Login | null} */
  let login = null;
  /** Logins that ended here: an answer that was under way may still have them. */
  const ended = new Set();

  /** @param {...Node} children */
  const swap = (...children) => {
    handle.replaceChildren(...children);
    /** @type {HTMLElement} */ (handle.querySelector("input, textarea, button")).focus();
  };
  /** @param {string} text */
  const label = (text) => ({ "aria-label": format(text, { name }) });
  /** @type {() => HTMLElement} */
  const enterButton = () =>
    buttons(button(strings.enter, () => swap(form()), "primary", { id: `enter-${id}`, ...label(strings.enterWhere) }));

  function form() {
    const reason = element("textarea", { id: `reason-${id}`, rows: "2", maxlength: MAX_REASON_LENGTH, dir: "auto" });
    const typing = { maxlength: MAX_TICKET_LENGTH, autocomplete: "off", dir: "auto" };
    const ticket = element("input", { id: `ticket-${id}`, ...typing });
    const enter = () =>
      runAction(session, handle, async () => {
        clearInvalid(reason, ticket);
        const body = { tenant_id: id, reason: reason.value, ...(ticket.value && { ticket: ticket.value }) };
        /** @type {Login} */
        let begun;
        try {
          begun = await send(body, support.enter);
        } catch (/** @type {any} */ error) {
          if (!NO_ACCESS.includes(error.problem?.code)) throw markInvalid(error, { reason, ticket }, strings.invalid);
          // The access is over. The entry disappears with the reload.
          await tab.refresh();
          throw error;
        }
        login = begun;
        session.emit("entered", begun);
        swap(...openLogin(begun));
        return strings.entered;
      });
    return element(
      "form",
      { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), enter()) },
      element("label", { for: reason.id }, texts.reason),
      reason,
      element("label", { for: ticket.id }, strings.ticket),
      ticket,
      buttons(
        button(strings.enter, enter, "primary", { id: `go-${id}`, part: "primary" }),
        button(texts.back, () => swap(enterButton())),
      ),
    );
  }

  /** @param {Login} begun */
  function openLogin(begun) {
    const leave = () =>
      runAction(session, handle, async () => {
        login = await support.leave(begun.login_id);
        entry.endLogin();
        swap(enterButton());
        return strings.left;
      });
    const since = format(strings.since, { moment: shortMoment(begun.logged_in_at, session) });
    return [
      element("p", {}, element("span", { class: "badge live" }, since)),
      quoted(begun.reason),
      buttons(button(strings.leave, leave, null, { id: `leave-${id}`, ...label(strings.leaveWhere) })),
    ];
  }

  const entry = {
    name,
    row: element("li", {}, facts, handle),
    loginId: () => login?.login_id,
    endLogin() {
      if (login) session.emit("left", login);
      ended.add(login?.login_id);
      login = null;
    },
    /**
     * The agent has left in another window, where another login may be open.
     * @param {Login[]} logins
     */
    leaveElsewhere(logins) {
      entry.endLogin();
      handle.replaceChildren(enterButton());
      entry.restore(logins);
    },
    /**
     * Show the latest login that is open but not shown: of another window, or from before the page was loaded.
     * @param {Login[]} logins
     */
    restore(logins) {
      const latest = logins.find((one) => !ended.has(one.login_id));
      if (login || !latest || handle.querySelector("form")) return;
      login = latest;
      session.emit("restored", latest);
      handle.replaceChildren(...openLogin(latest));
    },
    /** @param {Access} access */
    show(access) {
      const { ends_at } = access;
      const end = ends_at && shortEndMoment(ends_at, session);
      const until = end ? format(texts.until, { moment: end }) : texts.periods.permanent;
      facts.replaceChildren(
        element("strong", { dir: "auto" }, name),
        muted(id),
        muted(`${until}, ${termsText(access, session)}`),
        ...(ends_at ? [countdown(ends_at, session, tab.refresh)] : []),
      );
    },
  };
  handle.append(enterButton());
  return entry;
}
