// Shows one state of the page at a time, each with a heading that takes the focus.

import * as elements from "./elements.js";

const main = document.querySelector("main");

/** Show the elements of a state. The heading takes the focus, so that screen readers read the new state. */
export function show(state, heading, ...children) {
  const title = elements.element("h1", { tabindex: "-1" }, heading);
  main.dataset.state = state;
  main.replaceChildren(title, ...children.filter((child) => child !== null));
  document.title = heading;
  window.scrollTo(0, 0);
  title.focus();
}

export function announce(text) {
  elements.announce(main, text);
}

/** Disable or enable all buttons of the page. */
export function setDisabled(isDisabled) {
  elements.setDisabled(main, isDisabled);
}
