// The page as a stage: one state at a time, each with a heading that takes the focus.

import * as elements from "./elements.js";

const main = document.querySelector("main");

/** Show what stands for a state, and move the focus to its heading, so that nobody misses the change. */
export function show(state, heading, ...children) {
  const title = elements.element("h1", { tabindex: "-1" }, heading);
  main.dataset.state = state;
  main.replaceChildren(title, ...children.filter((child) => child !== null));
  document.title = heading;
  window.scrollTo(0, 0);
  title.focus();
}

export function say(text) {
  elements.say(main, text);
}

/** Keep what is shown, and let no button be pressed meanwhile; or again. */
export function rest(isResting) {
  elements.rest(main, isResting);
}
