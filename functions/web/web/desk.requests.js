// Asking a customer for access, and what became of what was asked.

import {
  aside,
  button,
  buttons,
  change,
  clockOf,
  element,
  faulty,
  keyed,
  paged,
  paragraph,
  quoted,
  reason,
  row,
  say,
  terms,
} from "./elements.js";
import { MAX_REASON_LENGTH, MAX_SLUG_LENGTH, SLUG } from "./limits.js";
import { brief, briefEnd, exporting, fill, inSentence, texts } from "./texts.js";

export function requests(session) {
  const said = texts.requests;
  const list = element("div");
  const refresh = () => {
    const read = session.support.requests;
    list.replaceChildren(...paged(read, (request) => own(request, session, refresh), said.nothing));
  };
  refresh();
  const heading = element("h3", { id: "own" }, said.heading);
  const mine = element("section", { "aria-labelledby": "own" }, heading, list, clockOf(session));
  return [[form(session, refresh), mine], refresh];
}

// ------------------------------------------------------------------ asking

/** Whom to ask is known once it is known which customer: then the rest of the form is there. */
function form(session, refresh) {
  const said = texts.ask;
  const { support } = session;
  const rest = element("div", { class: "fields" });
  const tenant = element("input", { id: "tenant", maxlength: MAX_SLUG_LENGTH, autocomplete: "off", autocapitalize: "none" });
  const find = () =>
    change(place, async () => {
      const id = tenant.value.trim().toLowerCase();
      if (!SLUG.test(id)) {
        tenant.focus();
        return id ? texts.failed.tenant_unknown : said.whose;
      }
      const found = await support.tenant(id);
      rest.replaceChildren(...wishes(found));
      rest.querySelector("select").focus();
    });
  tenant.addEventListener("input", () => rest.replaceChildren());

  function wishes(found) {
    const send = keyed();
    const option = (address) => element("option", { value: address }, address);
    const everybody = element("option", { value: "" }, fill(said.everybody, { number: found.approver_emails.length }));
    const whom = element("select", { id: "recipients" }, everybody, ...found.approver_emails.map(option));
    const { children, chosen } = terms("ask", "1h", true);
    const why = element("textarea", { id: "reason", rows: "3", maxlength: MAX_REASON_LENGTH, dir: "auto" });
    const ask = () =>
      change(place, async () => {
        why.removeAttribute("aria-invalid");
        const order = { tenant_id: found.tenant_id, reason: why.value, ...chosen() };
        let made;
        try {
          made = await send(whom.value ? { ...order, recipients: [whom.value] } : order, support.ask);
        } catch (error) {
          return said.invalid[faulty(error, { reason: why })];
        }
        session.agentId = made.agent.id;
        rest.replaceChildren();
        tenant.value = "";
        tenant.focus();
        refresh();
        return made.mail === "sent" ? fill(said.done, { name: found.name }) : said.mailFailed;
      });
    return [
      element("p", { dir: "auto" }, element("strong", {}, found.name)),
      element("label", { for: "recipients" }, said.recipients),
      whom,
      ...children,
      element("label", { for: "reason" }, texts.reason),
      why,
      element("div", { class: "buttons" }, button(said.ask, ask, "primary", { id: "ask", part: "primary" })),
    ];
  }

  const place = element(
    "form",
    { onsubmit: (event) => (event.preventDefault(), find()) },
    element("h3", {}, said.heading),
    element("label", { for: "tenant" }, said.tenant),
    tenant,
    element("div", { class: "buttons" }, button(said.find, find, null, { id: "find" })),
    rest,
    aside(),
  );
  return place;
}

// ------------------------------------------------------------------ what was asked

function own(request, session, refresh, remark = "") {
  const said = texts.requests;
  const { request_id: id, period, may_export, state, note } = request;
  const { support } = session;
  /** Show how it stands after that, or after somebody or time was faster. */
  const act = (work, done) =>
    change(here, async () => {
      let [now, news] = [request, done];
      try {
        now = await work(id);
        if (now.state === "pending" && now.mail === "failed") news = "";
      } catch (error) {
        if (![409, 410].includes(error.status)) throw error;
        now = { ...request, state: error.problem.state ?? "expired" };
        news = reason(error);
      }
      // Read anew meanwhile, perhaps before this was done.
      if (!here.isConnected) return refresh();
      const there = own(now, session, refresh, news);
      here.replaceWith(there);
      there.focus();
    });
  const isOpen = state === "pending";
  const named = (what) => ({ id: `${what}-${id}`, "aria-describedby": `about-${id}` });
  const asked = { period: inSentence(texts.periods[period]), export: exporting(may_export) };
  const here = row(
    request.tenant_id,
    [
      element("p", { id: `about-${id}` }, quoted(request.reason)),
      fill(said.asked, { moment: brief(request.requested_at, session.zone), ...asked }),
      isOpen && fill(said.expires, { moment: briefEnd(request.expires_at, session.zone) }),
      isOpen && request.mail === "failed" && paragraph(said.mailFailed, "notice"),
      note && element("p", { class: "quiet" }, `${said.note} `, quoted(note)),
    ],
    element("span", { class: `badge ${isOpen ? "live" : ""}` }, said.states[state]),
  );
  const again = button(said.sendAgain, () => act(support.sendAgain, said.sent), null, named("send"));
  const withdraw = button(said.withdraw, () => act(support.withdraw, said.withdrawn), null, named("withdraw"));
  here.append(isOpen ? buttons(again, withdraw) : buttons());
  say(here, remark);
  return here;
}
