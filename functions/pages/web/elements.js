// Elements made from text alone: whatever comes from outside ends up in a text node, never in markup.

const main = document.querySelector("main");

/** Return an element. Attributes that are false or null are left out; `onclick` and the like are listeners. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) made.addEventListener(attribute.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Show what stands for a state, and move the focus to its heading, so that nobody misses the change. */
export function show(state, heading, ...children) {
  const title = element("h1", { tabindex: "-1" }, heading);
  main.dataset.state = state;
  main.replaceChildren(title, ...children.filter((child) => child !== null));
  document.title = heading;
  window.scrollTo(0, 0);
  title.focus();
}

/** Say something beside what is shown, to those who see it and to those who hear it. */
export function say(text) {
  for (const status of main.querySelectorAll("[role=status].aside")) status.textContent = text;
}

/** Return a place where `say` speaks. */
export function aside() {
  return element("p", { role: "status", class: "aside" });
}
