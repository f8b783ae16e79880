// The filter above an overview: days, a person or department, and a text.

import { addDays, dateOf, ranges, startOfDay } from "./days.js";
import { button, element, muted, onTyping } from "./elements.js";
import { MAX_QUERY_LENGTH } from "./limits.js";

/** @import { Directory, Page, Query } from "../types/api" */
/** @import { Field, LaterSession } from "../types/pages" */

/** Until its year is typed, a day is of the first millennium. */
const MIN_DAY = "1970-01-01";
/** On a phone the fields would push the list out of sight. */
const WIDE = "(min-width: 40rem)";

/**
 * Return the filter of an overview. Its days are those of the zone that the panel shows times in.
 * @param {LaterSession} session
 * @param {() => unknown} onChange
 * @param {string} searchText The label of the search.
 * @param {string} [onlyLiveText] The label of a box that leaves out ended grants.
 */
export function overviewFilter(session, onChange, searchText, onlyLiveText) {
  const strings = session.texts.filter;
  const { guestkey, zone } = session;
  const changed = () => (mark(), onChange());
  const from = element("input", { type: "date", id: "from", min: MIN_DAY, onchange: changed });
  const to = element("input", { type: "date", id: "to", min: MIN_DAY, onchange: changed });
  const who = element("select", { id: "who", onchange: changed }, new Option(strings.everybody, ""));
  const search = element("input", { type: "search", id: "text", autocomplete: "off", maxlength: MAX_QUERY_LENGTH });
  onTyping(search, changed);
  const onlyLive = element("input", { type: "checkbox", id: "only-live", onchange: changed });

  /** @param {HTMLInputElement} field */
  const dayIn = (field) => (field.validity.valid ? field.value : "");
  /** @param {string} name */
  const range = (name) => ranges(dateOf(guestkey.now(), zone))[name];
  /** @param {string} name */
  const isIn = (name) => String([from.value, to.value]) === String(range(name));
  /** @param {string} name */
  const choose = (name) => {
    [from.value, to.value] = isIn(name) ? ["", ""] : range(name);
    changed();
  };
  const chips = Object.keys(ranges(MIN_DAY)).map((name) =>
    button(strings.ranges[name], () => choose(name), "chip", { id: `range-${name}`, "aria-pressed": "false" }),
  );
  const clear = () => {
    for (const field of [from, to, who, search]) field.value = "";
    onlyLive.checked = false;
    changed();
    chips[0].focus();
  };
  const mark = () => {
    for (const chip of chips) chip.ariaPressed = String(isIn(chip.id.replace("range-", "")));
  };

  /** @type {Map<string, string>} */
  const names = new Map();
  /** @type {Promise<void> | undefined} */
  let loading;
  /** @param {Directory} directory */
  const fill = ({ departments, agents }) => {
    for (const { id, name } of departments) names.set(id, name);
    const group = (/** @type {string} */ label, /** @type {HTMLOptionElement[]} */ options) =>
      element("optgroup", { label }, ...options);
    who.append(
      group(strings.departments, departments.map(({ id, name }) => new Option(name, `department_id ${id}`))),
      group(strings.people, agents.map(({ id, name }) => new Option(`${name} · ${id}`, `agent_id ${id}`))),
    );
  };
  /** @param {unknown} error */
  const forget = (error) => {
    loading = undefined;
    throw error;
  };
  /** @param {string} label @param {Field} field */
  const labelled = (label, field) =>
    element("div", { class: "fields" }, element("label", { for: field.id }, label), field);
  /** Return the query of the filter, with the moments at which the days start and end. @returns {Query} */
  const query = () => {
    const [first, last] = [dayIn(from), dayIn(to)];
    const [name, id] = who.value.split(/ (.*)/);
    const text = search.value.trim();
    return {
      ...(first && { from: startOfDay(first, zone) }),
      ...(last && { to: startOfDay(addDays(last, 1), zone) }),
      ...(name && { [name]: id }),
      ...(text && { q: text }),
      ...(onlyLive.checked && { state: "live" }),
    };
  };
  return {
    query,
    place: element(
      "div",
      { class: "filter", role: "search", "aria-label": strings.heading },
      element("div", { class: "buttons" }, ...chips),
      element(
        "details",
        { open: matchMedia(WIDE).matches },
        element("summary", {}, strings.heading),
        element(
          "div",
          {},
          labelled(strings.from, from),
          labelled(strings.to, to),
          labelled(strings.who, who),
          labelled(searchText, search),
        ),
      ),
      onlyLiveText ? element("label", { class: "check" }, onlyLive, element("span", {}, onlyLiveText)) : null,
    ),
    departmentName: (/** @type {string} */ id) => names.get(id) ?? id,
    /**
     * Return the function that reads a page of what the filter admits. The people and departments to choose from, whose
     * names the rows show, are loaded beside it, once.
     * @template Item
     * @param {(query: Query) => Promise<Page<Item>>} read
     */
    reads: (read) => async (/** @type {Query} */ cursor) => {
      loading ??= guestkey.directory("").then(fill, forget);
      const [page] = await Promise.all([read({ ...query(), ...cursor }), loading]);
      return page;
    },
    /**
     * Return what an empty list shows: that it is empty or, with an offer to clear the filter, that nothing matches.
     * @param {string} text
     */
    nothing: (text) => () =>
      Object.keys(query()).length > 0
        ? [muted(strings.nothing), button(strings.clear, clear, null, { id: "clear" })]
        : [muted(text)],
  };
}
