// Ignores presses on controls that have just moved or appeared: they were meant for those that stood there before.

const SECOND = 1000;
/** Time for which a control must have been at its place before a press with a pointer counts. */
const SETTLE_MILLISECONDS = SECOND / 2;
const CONTROLS = "button, label, input, select, textarea, a, summary";
/** A movement too small to be noticed, in pixels. */
const TOLERANCE = 3;

/** @typedef {{ left: number, top: number, since: number }} Position */

/** Keys and events by which a user scrolls. */
const SCROLLING_KEYS = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", " ", "Tab"];
const SCROLLING_EVENTS = ["wheel", "touchmove", "keydown"];

/**
 * Watch the controls in a root until the signal. A press by key is never ignored: the focus moves with its control.
 * Scrolling by the user moves nothing against the user's will; scrolling by a script does.
 * @param {ShadowRoot} root
 * @param {AbortSignal} signal
 */
export function guardPresses(root, signal) {
  /** @type {WeakMap<Element, Position>} */
  const positions = new WeakMap();

  const measure = (isScrolled = false) => {
    const now = performance.now();
    for (const control of root.querySelectorAll(CONTROLS)) {
      const { left, top } = control.getBoundingClientRect();
      const before = positions.get(control);
      const isHere = before && Math.abs(left - before.left) < TOLERANCE && Math.abs(top - before.top) < TOLERANCE;
      positions.set(control, { left, top, since: before && (isHere || isScrolled) ? before.since : now });
    }
  };
  /** @param {Event} event */
  const ignoreEarly = (event) => {
    if (/** @type {UIEvent} */ (event).detail === 0) return;
    measure();
    const control = /** @type {Element} */ (event.target).closest(CONTROLS);
    const since = control && positions.get(control)?.since;
    if (!since || performance.now() - since >= SETTLE_MILLISECONDS) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  let scrolledAt = -Infinity;
  /** @param {Event} event */
  const noteScrolling = (event) => {
    if (!(event instanceof KeyboardEvent) || SCROLLING_KEYS.includes(event.key)) scrolledAt = performance.now();
  };
  const measureScrolled = () => measure(performance.now() - scrolledAt < SETTLE_MILLISECONDS);

  const watch = new MutationObserver(() => requestAnimationFrame(() => measure()));
  watch.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  signal.addEventListener("abort", () => watch.disconnect());
  const first = { capture: true, signal };
  root.addEventListener("click", ignoreEarly, first);
  // A list of choices opens on this event.
  root.addEventListener("mousedown", (event) => /** @type {Element} */ (event.target).matches("select") && ignoreEarly(event), first);
  for (const name of SCROLLING_EVENTS) addEventListener(name, noteScrolling, { ...first, passive: true });
  root.addEventListener("scroll", measureScrolled, first);
  addEventListener("scroll", measureScrolled, first);
}
