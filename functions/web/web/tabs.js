// The frame of an element: its heading, the button that closes it, its tabs and its notices, and the tab's content.

import { button, element, noticeArea } from "./elements.js";

/** @typedef {{ heading: string, close?: string, tabs: Record<string, string> }} FrameTexts */

/** Pixels of the tab before that stay in sight. */
const MARGIN = 24;
/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * Return a frame whose texts and tabs are not known yet. What stays the same when they are shown again is not replaced.
 * @param {(() => unknown) | null} close
 * @param {(name: string) => unknown} select
 */
export function newFrame(close, select) {
  const heading = element("h2");
  const cross = close && button("✕", close, "close", { "aria-label": "✕", part: "close" });
  const tabs = element("div", { class: "tabs" });
  const content = element("div", { role: "tabpanel", id: "tabpanel", tabindex: "0" });
  let shown = "";
  return {
    content,
    children: [element("div", { class: "top" }, element("header", {}, heading, cross), tabs, noticeArea()), content],
    /**
     * @param {FrameTexts} texts
     * @param {string[]} names
     * @param {string} selected
     */
    show(texts, names, selected) {
      heading.textContent = texts.heading;
      cross?.setAttribute("aria-label", texts.close ?? "");
      const labels = Object.fromEntries(names.map((name) => [name, texts.tabs[name]]));
      if (JSON.stringify(labels) === shown) return;
      shown = JSON.stringify(labels);
      tabs.replaceChildren(tabList(texts.heading, labels, select));
      markSelected(tabs, names.includes(selected) ? selected : names[0]);
    },
  };
}

/**
 * Return the list of tabs. The focus moves from tab to tab with the arrow keys.
 * @param {string} label
 * @param {Record<string, string>} texts The text of each tab, by its name.
 * @param {(name: string) => unknown} select
 */
function tabList(label, texts, select) {
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
    // On a narrow screen the tabs are one line that scrolls.
    if (isThis && tab.parentElement) tab.parentElement.scrollLeft = tab.offsetLeft - MARGIN;
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
