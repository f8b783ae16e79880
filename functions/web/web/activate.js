// The page behind the link of an activation mail or of a notice. It sends nothing before the user signs in, and changes
// nothing before the user presses a button.

import { api, readAll, Refusal, Unreachable, withIdempotencyKey } from "./api.js";
import * as decision from "./activate.decision.js";
import * as grants from "./activate.grant.js";
import * as actions from "./actions.js";
import { readLink, targetOf } from "./activate.link.js";
import * as list from "./activate.list.js";
import * as page from "./activate.page.js";
import * as views from "./activate.views.js";
import { ULID } from "./limits.js";
import * as signIn from "./signin.js";
import { loadTexts } from "./texts.js";

/** @import { Api, Grant, Request } from "../types/api" */
/** @import { Catalogues, PageTexts } from "../types/pages" */
/** @import { Context } from "./activate.page.js" */
/** @typedef {{ isUnsure?: boolean, wasAnswering?: boolean }} Situation */

/** @type {signIn.Settings} */
const SETTINGS = JSON.parse(page.main.dataset.signIn ?? "");
/** @type {Catalogues<PageTexts>} */
const CATALOGUES = {
  de: () => import("./activate.de.js"),
  "de-AT": () => import("./activate.de-at.js"),
  "de-CH": () => import("./activate.de-ch.js"),
  en: () => import("./activate.en.js"),
  es: () => import("./activate.es.js"),
  it: () => import("./activate.it.js"),
};
/**
 * Codes of refusals after which the page shows the current state: another user or the time was faster.
 * @type {(string | undefined)[]}
 */
const OVERTAKEN = ["request_closed", "request_expired", "grant_ended"];

/** The fragment of the link: it is kept over the sign-in. */
let fragment = "";
/** The request or the grant to which the link leads. Without its id the page lists the pending requests. */
let target = targetOf("");
/**
 * Client of the API for the user who signed in. It holds the only copy of the token.
 * @type {Api}
 */
let guestkey;
/**
 * The language, and the user, the account and the request, as far as they are loaded.
 * @type {Context}
 */
let context = /** @type {any} */ ({});
const send = withIdempotencyKey();
let isBusy = false;

async function start() {
  await setLanguage();
  if (signIn.isReturning()) {
    await finishSignIn();
    return;
  }
  findTarget();
  if (!ULID.test(target.id)) views.incomplete(context, startSignIn);
  else if (target.isGrant) grants.signIn(context, startSignIn);
  else views.signIn(context, startSignIn);
}

/** Read the link, and give the page its own address, to which the user returns from the sign-in. */
function findTarget() {
  const link = readLink(location);
  fragment = link.fragment;
  if (location.pathname !== link.path) history.replaceState(null, "", link.path + (fragment && `#${fragment}`));
  target = targetOf(fragment);
}

/**
 * Lead to another request, or to the list, as a link with this id would. The user stays signed in.
 * @param {string} id
 */
function retarget(id) {
  fragment = id;
  target = targetOf(id);
  history.replaceState(null, "", location.pathname + (id && `#${id}`));
  return reload();
}

function showList() {
  context.showList = null;
  return retarget("");
}

/** @param {Request} request */
function openRequest({ request_id }) {
  context.showList = showList;
  return retarget(request_id);
}

/** @param {...(string | null)} preferred */
async function setLanguage(...preferred) {
  const language = await loadTexts(CATALOGUES, ...preferred, ...navigator.languages);
  context = { ...context, ...language };
  document.documentElement.lang = language.tag;
}

/** @param {{ forceLogin?: boolean }} [options] */
function startSignIn(options) {
  return runOnce(context.texts.signIn.busy, () => signIn.start(SETTINGS, fragment, options));
}

async function finishSignIn() {
  const response = signIn.takeResponse();
  findTarget();
  views.loading(context);
  try {
    const token = await withSlowHint(signIn.token(SETTINGS, response));
    guestkey = api(() => token);
  } catch (error) {
    showError(error);
    return;
  }
  await reload();
}

/** Load the request, the grant or the list, and show its state. With `isUnsure` the page says that the last action may be lost. */
async function reload({ isUnsure = false } = {}) {
  views.loading(context);
  try {
    const loaded = withSlowHint(load());
    loaded.catch(() => "handled where it is awaited");
    const [me, about] = await withSlowHint(Promise.all([guestkey.me(), guestkey.about()]));
    context = { ...context, me, about, zone: about.time_zone };
    await setLanguage(me.locale);
    const show = await loaded;
    await show(isUnsure);
  } catch (error) {
    showError(error, { isUnsure });
  }
}

/**
 * Load the request or the grant of the link, or else the pending requests, and return the function that shows it.
 * @returns {Promise<(isUnsure: boolean) => unknown>}
 */
async function load() {
  if (!ULID.test(target.id)) {
    const requests = await readAll(guestkey.requests);
    return () => list.pending(context, requests, { open: openRequest, reload, switchUser });
  }
  if (target.isGrant) {
    const grant = await guestkey.grant(target.id);
    return () => showGrant(grant);
  }
  const request = await guestkey.request(target.id);
  return (isUnsure) => showRequest(request, isUnsure);
}

/** @param {Grant} grant */
function showGrant(grant) {
  if (grant.state !== "live") {
    grants.over(context, grant);
    return;
  }
  grants.live(context, grant, { revoke: () => confirmRevoke(grant), switchUser });
}

/**
 * @param {Request} request
 * @param {boolean} isUnsure
 */
async function showRequest(request, isUnsure) {
  context.request = request;
  if (request.state === "pending") decision.pending(context, { approve, decline: askForNote, switchUser }, { isUnsure });
  else if (request.state === "approved") decision.approved(context, await grants.ofRequest(request, guestkey), { revoke: confirmRevoke });
  else decision.closed(context);
}

/** @param {object} body */
function approve(body) {
  /** @type {(body: object, key: string) => Promise<Grant>} */
  const approveTarget = (sent, key) => guestkey.approve(target.id, sent, key);
  return submit(context.texts.ask.approving, async () => {
    const grant = await send(body, approveTarget, target.id);
    decision.granted(context, grant, { revoke: confirmRevoke });
  });
}

function askForNote() {
  decision.declining(context, {
    decline,
    back: () => decision.pending(context, { approve, decline: askForNote, switchUser }),
  });
}

/** @param {string} note */
function decline(note) {
  return submit(context.texts.decline.busy, async () => {
    try {
      context.request = await guestkey.decline(target.id, note);
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 422)) throw error;
      decision.noteInvalid(context);
      return;
    }
    decision.closed(context, { isNews: true });
  });
}

/** @param {Grant} grant */
function confirmRevoke(grant) {
  const [over, asked] = target.isGrant
    ? [grants.over, { state: "grant-ending", name: grant.grantee.name }]
    : [decision.over, { state: "ending", name: context.request.agent.name }];
  const end = async () => over(context, await guestkey.revoke(grant.grant_id));
  decision.ending(context, asked, { back: () => reload(), revoke: () => submit(context.texts.ending.busy, end) });
}

function switchUser() {
  return startSignIn({ forceLogin: true });
}

/**
 * Run an action that changes something, and show its result.
 * @param {string} busyText
 * @param {() => Promise<unknown>} work
 */
function submit(busyText, work) {
  return runOnce(busyText, async () => {
    try {
      await withSlowHint(work());
    } catch (error) {
      if (error instanceof Refusal && OVERTAKEN.includes(error.problem.code)) await reload();
      else showError(error, { isUnsure: true, wasAnswering: true });
    }
  });
}

/**
 * Run an action unless another one runs: a double click counts once.
 * @param {string} busyText
 * @param {() => Promise<unknown>} work
 */
async function runOnce(busyText, work) {
  if (isBusy) return;
  isBusy = true;
  views.busy(busyText);
  try {
    await work();
  } catch (error) {
    showError(error);
  } finally {
    isBusy = false;
  }
}

/**
 * @param {unknown} error
 * @param {Situation} situation
 */
function showError(error, { isUnsure = false, wasAnswering = false } = {}) {
  if (error instanceof signIn.NotSignedIn) views.notSignedIn(context, error.reason, startSignIn);
  else if (error instanceof Unreachable && isUnsure) views.unsure(context, () => reload({ isUnsure }));
  else if (error instanceof Refusal) showRefusal(error, wasAnswering);
  else {
    views.trouble(context, () => (guestkey ? reload() : location.reload()));
    if (!(error instanceof Unreachable)) throw error;
  }
}

/**
 * @param {Refusal} refusal
 * @param {boolean} wasAnswering
 */
function showRefusal({ status, problem }, wasAnswering) {
  if (status === 401) views.notSignedIn(context, "over", startSignIn, { wasAnswering });
  else if (problem.code === "right_missing") views.noRight(context, problem.ask ?? [], switchUser);
  else if (problem.code === "too_many_grants") views.full(context, () => reload());
  else if (problem.code === "locked_down" || problem.code === "tenant_closed") views.barred(context, problem.code, () => reload());
  else if (status === 404 && context.about) views.unknown(context, target.isGrant ? "grant" : "request", switchUser);
  else if (status === 403 || status === 404) views.unfit(context, problem.code, switchUser);
  else views.trouble(context, () => reload());
}

/**
 * @template Result
 * @param {Promise<Result>} promise
 */
function withSlowHint(promise) {
  return actions.withSlowHint(promise, () => page.announce(context.texts.slow));
}

// The page starts again for another link in the same tab, and after the browser's back button on the sign-in page.
addEventListener("hashchange", () => location.reload());
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
start();
