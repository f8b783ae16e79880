// The states of the page for a link that names no request: the pending requests of the account, or that there is none.

import { lead, primary, secondary, show, signedIn } from "./activate.page.js";
import { buttons, element, quoted } from "./elements.js";
import { facts } from "./facts.js";
import { format, fullName, moment } from "./texts.js";

/** @import { Request } from "../types/api" */
/** @import { Context, Press } from "./activate.page.js" */

/**
 * Show the pending requests, each with a button that opens it.
 * @param {Context} context
 * @param {Request[]} requests
 * @param {{ open: (request: Request) => unknown, reload: Press, switchUser: Press }} actions
 */
export function pending(context, requests, { open, reload, switchUser }) {
  const { about, texts } = context;
  if (requests.length === 0) {
    none(context, { reload, switchUser });
    return;
  }
  const strings = texts.list;
  const items = requests.map((request) => item(request, context, () => open(request)));
  show(
    "requests",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    element("ul", { class: "requests" }, ...items),
    signedIn(context, switchUser),
  );
}

/**
 * @param {Context} context
 * @param {{ reload: Press, switchUser: Press }} actions
 */
function none(context, { reload, switchUser }) {
  const { about, texts } = context;
  const strings = texts.list.none;
  show(
    "requests-none",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    buttons(primary(strings.button, reload)),
    signedIn(context, switchUser),
  );
}

/**
 * @param {Request} request
 * @param {Context} context
 * @param {Press} open
 */
function item({ request_id, agent, reason, requested_at }, context, open) {
  const { ask, list } = context.texts;
  const heading = element("h2", { id: `agent-${request_id}` }, format(ask.agent, { name: fullName(agent, context), id: agent.id }));
  const button = secondary(list.button, open);
  button.setAttribute("aria-describedby", heading.id);
  return element(
    "li",
    {},
    heading,
    facts([ask.reason, quoted(reason)], [ask.requestedAt, moment(requested_at, context)]),
    button,
  );
}
