// The watch over what others change while the panel is open: each change is an entry of the ledger, and the pulse has the
// number of the last one.

import { Refusal } from "./api.js";
import { poller } from "./poll.js";

/** @import { Api } from "../types/api" */

/**
 * Ask for the pulse until the signal ends it, and call `refresh` when it is another one.
 * @param {Api} guestkey
 * @param {() => unknown} refresh
 * @param {AbortSignal} signal
 */
export function watch(guestkey, refresh, signal) {
  if (signal.aborted) return;
  let etag = "";
  const ask = async () => {
    try {
      const answer = await guestkey.pulse(etag);
      if (answer && !signal.aborted) {
        if (etag) refresh();
        etag = answer.etag;
      }
    } catch (error) {
      // Nothing more is told with this token. What the user does next says so, or brings a fresh one.
      if (error instanceof Refusal) stop();
      throw error;
    }
    return null;
  };
  const isVisible = () => document.visibilityState === "visible";
  const { now, pause, stop } = poller({ ask, isVisible });
  signal.addEventListener("abort", stop);
  document.addEventListener("visibilitychange", () => (isVisible() ? now() : pause()), { signal });
  addEventListener("focus", now, { signal });
  now();
}
