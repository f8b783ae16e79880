// The list of tabs of an element.

import { element } from "./elements.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * Return the list of tabs. The focus moves from tab to tab with the arrow keys.
 * @param {string} label
 * @param {Record<string, string>} texts The text of each tab, by its name.
 * @param {(name: string) => unknown} select
 */
export function tabList(label, texts, select) {
  /** @param {[string, string]} tab */
  const tab = ([name, text]) => {
    const parts = { id: `tab-${name}`, part: "tab", "aria-controls": "tabpanel", onclick: () => select(name) };
    return element("button", { type: "button", role: "tab", ...parts }, text);
  };
  return element(
    "div",
    { role: "tablist", "aria-label": label, onkeydown: moveFocus },
    ...Object.entries(texts).map(tab),
  );
}

/**
 * Mark the selected tab.
 * @param {ParentNode} root
 * @param {string} name
 */
export function markSelected(root, name) {
  for (const tab of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[role=tab]"))) {
    const isThis = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(isThis));
    tab.tabIndex = isThis ? 0 : -1;
  }
}

/** @param {KeyboardEvent & { currentTarget: Element, target: HTMLElement }} event */
function moveFocus(event) {
  const tabs = /** @type {HTMLElement[]} */ ([...event.currentTarget.children]);
  const here = tabs.indexOf(event.target);
  const there = { Home: 0, End: tabs.length - 1 }[event.key] ?? here + STEPS[event.key];
  if (Number.isNaN(there)) return;
  event.preventDefault();
  tabs.at(there % tabs.length)?.focus();
}
