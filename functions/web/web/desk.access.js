// Where the agent may enter now, and where the agent is in. Nobody enters without a reason that is written down first.

import { whole } from "./api.js";
import {
  aside,
  button,
  buttons,
  change,
  clockOf,
  countdown,
  element,
  faulty,
  into,
  keyed,
  quiet,
  quoted,
  reason as refusal,
} from "./elements.js";
import { MAX_REASON_LENGTH, MAX_TICKET_LENGTH } from "./limits.js";
import { brief, briefEnd, exporting, fill, texts } from "./texts.js";

export function access(session) {
  const said = texts.access;
  const doors = new Map();
  const list = element("div");
  const remark = aside();
  const refresh = () =>
    into(list, async () => {
      const places = await whole(session.support.access);
      const open = new Map(places.map((place) => [place.tenant_id, place]));
      for (const [id, door] of doors) {
        if (open.has(id)) continue;
        doors.delete(id);
        if (!door.isIn()) continue;
        // With the access the login has ended, too.
        door.left();
        remark.textContent = fill(said.over, { name: door.name });
      }
      for (const [id, place] of open) {
        if (!doors.has(id)) doors.set(id, doorOf(place, tab));
        doors.get(id).show(place);
      }
      const sorted = [...doors.values()].sort((one, other) => one.name.localeCompare(other.name));
      if (sorted.length === 0) return [quiet(said.nowhere)];
      return [element("ul", { class: "rows" }, ...sorted.map(({ row }) => row)), clockOf(session)];
    });
  const tab = { session, refresh, remark };
  refresh();
  const heading = element("h3", { id: "access" }, said.heading);
  const again = button(texts.refresh, refresh, null, { id: "refresh" });
  return [[element("section", { "aria-labelledby": "access" }, heading, remark, list), buttons(again)], refresh];
}

/** Return a customer's door. It stays while the list is read anew, with what is typed there. */
function doorOf({ tenant_id: id, name }, tab) {
  const said = texts.access;
  const { session } = tab;
  const { support } = session;
  const send = keyed();
  const facts = element("div");
  const handle = element("div", { class: "handle" });
  let login = null;

  const turn = (...children) => {
    handle.replaceChildren(...children);
    handle.querySelector("input, textarea, button").focus();
  };
  const named = (text) => ({ "aria-label": fill(text, { name }) });
  const toEnter = () =>
    buttons(button(said.enter, () => turn(form()), "primary", { id: `enter-${id}`, ...named(said.enterWhere) }));

  function form() {
    const reason = element("textarea", { id: `reason-${id}`, rows: "2", maxlength: MAX_REASON_LENGTH, dir: "auto" });
    const ticket = element("input", { id: `ticket-${id}`, maxlength: MAX_TICKET_LENGTH, autocomplete: "off", dir: "auto" });
    const enter = () =>
      change(handle, async () => {
        for (const field of [reason, ticket]) field.removeAttribute("aria-invalid");
        const order = { tenant_id: id, reason: reason.value, ...(ticket.value && { ticket: ticket.value }) };
        try {
          login = await send(order, support.enter);
        } catch (error) {
          if (error.problem?.code !== "no_live_grant") return said.invalid[faulty(error, { reason, ticket })];
          // The door is shut: what is said stays where it was.
          await tab.refresh();
          tab.remark.textContent = refusal(error);
          return "";
        }
        session.agentId = login.agent.id;
        session.tell("entered", login);
        turn(...inside());
        return said.entered;
      });
    return element(
      "form",
      { onsubmit: (event) => (event.preventDefault(), enter()) },
      element("label", { for: reason.id }, texts.reason),
      reason,
      element("label", { for: ticket.id }, said.ticket),
      ticket,
      buttons(
        button(said.enter, enter, "primary", { id: `go-${id}`, part: "primary" }),
        button(texts.back, () => turn(toEnter())),
      ),
    );
  }

  function inside() {
    const leave = () =>
      change(handle, async () => {
        login = await support.leave(login.login_id);
        door.left();
        turn(toEnter());
        return said.left;
      });
    const since = fill(said.since, { moment: brief(login.logged_in_at, session.zone) });
    return [
      element("p", {}, element("span", { class: "badge live" }, since)),
      quoted(login.reason),
      buttons(button(said.leave, leave, null, { id: `leave-${id}`, ...named(said.leaveWhere) })),
    ];
  }

  const door = {
    name,
    row: element("li", {}, facts, handle),
    isIn: () => login !== null,
    left() {
      session.tell("left", login);
      login = null;
    },
    show({ ends_at, may_export }) {
      const until = ends_at ? fill(texts.until, { moment: briefEnd(ends_at, session.zone) }) : texts.periods.permanent;
      facts.replaceChildren(
        element("strong", { dir: "auto" }, name),
        quiet(id),
        quiet(`${until}, ${exporting(may_export)}`),
        ...(ends_at ? [countdown(ends_at, session, tab.refresh)] : []),
      );
    },
  };
  handle.append(toEnter());
  return door;
}
