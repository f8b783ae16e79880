// The page behind the link of an activation mail. Until somebody presses a button nothing is sent but questions, and
// until somebody has signed in nothing at all.

import { api, Refusal, Unreachable } from "./api.js";
import * as page from "./activate.page.js";
import * as views from "./activate.views.js";
import * as elements from "./elements.js";
import { ULID } from "./limits.js";
import * as signIn from "./signin.js";
import { speak, texts } from "./texts.js";

const SETTINGS = JSON.parse(document.querySelector("main").dataset.signIn);
const CATALOGUES = {
  de: () => import("./activate.de.js"),
  "de-AT": () => import("./activate.de-at.js"),
  "de-CH": () => import("./activate.de-ch.js"),
  en: () => import("./activate.en.js"),
  es: () => import("./activate.es.js"),
  it: () => import("./activate.it.js"),
};
/** How the API says that somebody, or time, was faster. */
const OVERTAKEN = ["request_closed", "request_expired", "grant_ended"];

let requestId = "";
// The API as the user who signed in: the token lives in here and nowhere else.
let guestkey;
// Who signed in, and for which account.
let known = {};
// The same order keeps its key, so that sending it again cannot do it again.
const keys = new Map();
let isWorking = false;

async function begin() {
  await speakTo();
  if (signIn.isComingBack()) {
    await comeBack();
    return;
  }
  requestId = location.hash.slice(1);
  if (ULID.test(requestId)) views.signIn(leave);
  else views.incomplete();
}

async function speakTo(...wanted) {
  document.documentElement.lang = await speak(CATALOGUES, ...wanted, ...navigator.languages);
}

function leave(how) {
  return once(texts.signIn.busy, () => signIn.leave(SETTINGS, requestId, how));
}

async function comeBack() {
  const back = signIn.welcomeBack();
  requestId = location.hash.slice(1);
  views.loading();
  try {
    const token = await patiently(signIn.token(SETTINGS, back));
    guestkey = api(() => token);
  } catch (error) {
    explain(error);
    return;
  }
  await look();
}

/** Read how the request stands, and show it. After an answer whose fate is unknown nothing is said to be unchanged. */
async function look({ isUnsure = false } = {}) {
  views.loading();
  try {
    const asked = patiently(guestkey.request(requestId));
    asked.catch(() => "looked at below");
    const [me, about] = await patiently(Promise.all([guestkey.me(), guestkey.about()]));
    known = { me, about };
    await speakTo(me.locale);
    await showRequest(await asked, isUnsure);
  } catch (error) {
    explain(error, { isUnsure });
  }
}

async function showRequest(request, isUnsure) {
  known.request = request;
  if (request.state === "pending") views.pending(known, { approve, refuse, another }, { isUnsure });
  else if (request.state === "approved") views.approved(known, await grantOf(request), { end });
  else views.closed(known);
}

async function grantOf(request) {
  try {
    return await guestkey.grant(request.grant_id);
  } catch (error) {
    // Its history may be gone, which is no reason to hide how the request was answered.
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}

function approve(order) {
  const text = JSON.stringify(order);
  if (!keys.has(text)) keys.set(text, crypto.randomUUID());
  return answer(texts.ask.approving, async () => {
    const grant = await guestkey.approve(requestId, order, keys.get(text));
    views.granted(known, grant, { end });
  });
}

function refuse() {
  views.declining(known, { decline, back: () => views.pending(known, { approve, refuse, another }) });
}

function decline(note) {
  return answer(texts.decline.busy, async () => {
    try {
      known.request = await guestkey.decline(requestId, note);
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 422)) throw error;
      views.noteInvalid();
      return;
    }
    views.closed(known, { isNews: true });
  });
}

function end(grant) {
  views.ending(known, {
    back: () => look(),
    end: () => answer(texts.ending.busy, async () => views.over(known, await guestkey.revoke(grant.grant_id))),
  });
}

function another() {
  return leave({ anew: true });
}

/** Do what changes something, and say what became of it. */
function answer(busy, work) {
  return once(busy, async () => {
    try {
      await patiently(work());
    } catch (error) {
      if (error instanceof Refusal && OVERTAKEN.includes(error.problem.code)) await look();
      else explain(error, { isUnsure: true, wasAnswering: true });
    }
  });
}

/** Do it, unless something is being done already: a double click is one. */
async function once(busy, work) {
  if (isWorking) return;
  isWorking = true;
  views.busy(busy);
  try {
    await work();
  } catch (error) {
    explain(error);
  } finally {
    isWorking = false;
  }
}

function explain(error, { isUnsure = false, wasAnswering = false } = {}) {
  if (error instanceof signIn.NotSignedIn) views.notSignedIn(error.reason, ULID.test(requestId) ? leave : null);
  else if (error instanceof Unreachable && isUnsure) views.unsure(() => look({ isUnsure }));
  else if (error instanceof Refusal) explainRefusal(error, wasAnswering);
  else {
    views.trouble(() => (guestkey ? look() : location.reload()));
    if (!(error instanceof Unreachable)) throw error;
  }
}

function explainRefusal({ status, problem }, wasAnswering) {
  if (status === 401) views.notSignedIn("over", leave, { wasAnswering });
  else if (problem.code === "right_missing") views.noRight(known, problem.ask ?? [], another);
  else if (problem.code === "grantee_unknown") views.gone(known);
  else if (problem.code === "too_many_grants") views.full(known, () => look());
  else if (status === 404 && known.about) views.unknown(known, another);
  else if (status === 403 || status === 404) views.unfit(problem.code, another);
  else views.trouble(() => look());
}

/** Wait for something, and say so if it takes long. */
function patiently(promise) {
  return elements.patiently(promise, () => page.say(texts.slow));
}

// Another link in the same tab, or back from the sign-in page by the browser's button: begin anew.
addEventListener("hashchange", () => location.reload());
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
begin();
