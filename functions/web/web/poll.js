// When to ask again: every 20 seconds while the page is visible, at once when it becomes visible or gets the focus, and
// when the last answer says that it changes by the clock. After a failure the time doubles, up to five minutes.
//
// It knows neither the page nor the API, so that it is tested without either.

export const SECOND = 1000;
export const POLL_MILLISECONDS = 20 * SECOND;
export const MAX_POLL_MILLISECONDS = 300 * SECOND;
/** How much earlier or later than that each client asks, so that clients do not ask together. */
export const SPREAD = 0.2;

/**
 * Return the milliseconds until the next question.
 * @param {number} failures The number of failures since the last answer.
 * @param {number | null} changesIn Milliseconds until the answer changes by the clock, if it does.
 * @param {number} random From 0 up to 1.
 */
export function delay(failures, changesIn, random) {
  const usual = Math.min(POLL_MILLISECONDS * 2 ** failures, MAX_POLL_MILLISECONDS) * (1 - SPREAD + 2 * SPREAD * random);
  const wait = failures || changesIn === null ? usual : Math.min(usual, Math.max(changesIn, 0));
  return Math.min(Math.round(wait), MAX_POLL_MILLISECONDS);
}

/**
 * Return a poller. `ask` asks once and returns the milliseconds until its answer changes by the clock, or null; a
 * rejection is a failure. It is never asked while it is asked already, nor while `isVisible` says no.
 * @param {{
 *   ask: () => Promise<number | null>,
 *   isVisible: () => boolean,
 *   random?: () => number,
 *   later?: (work: () => void, milliseconds: number) => unknown,
 *   cancel?: (timer: any) => void,
 * }} how
 */
export function poller({ ask, isVisible, random = Math.random, later = setTimeout, cancel = clearTimeout }) {
  let failures = 0;
  let isAsking = false;
  let isWanted = false;
  let isStopped = false;
  /** @type {unknown} */
  let timer;

  /** Ask at once. While a question is under way, ask again after it. */
  async function now() {
    if (isStopped || !isVisible()) return;
    if (isAsking) {
      isWanted = true;
      return;
    }
    cancel(timer);
    isAsking = true;
    /** @type {number | null} */
    let changesIn = null;
    try {
      changesIn = await ask();
      failures = 0;
    } catch {
      failures += 1;
    }
    isAsking = false;
    if (isStopped) return;
    if (isWanted) {
      isWanted = false;
      await now();
      return;
    }
    timer = later(() => void now(), delay(failures, changesIn, random()));
  }

  return {
    now,
    /** Ask nothing until it is asked for again. */
    pause: () => cancel(timer),
    stop() {
      isStopped = true;
      cancel(timer);
    },
  };
}
