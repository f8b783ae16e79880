// Marks the field whose input the API refused.

import { InputInvalid } from "./actions.js";
import { element } from "./elements.js";

/** @import { Field } from "../types/pages" */

/**
 * Mark the field that the API refused, with a text below it, and return the error to throw. An error that concerns no
 * field is returned as it is. `clearInvalid` has removed the marks of the try before.
 * @template {string} Name
 * @param {any} error
 * @param {Record<Name, Field>} fields
 * @param {Record<Name, string>} texts
 */
export function markInvalid(error, fields, texts) {
  const errors = /** @type {{ pointer: string }[]} */ (error.problem?.errors ?? []);
  const name = /** @type {Name[]} */ (Object.keys(fields)).find((one) => errors.some(({ pointer }) => pointer === `#/${one}`));
  if (!name) return error;
  const field = fields[name];
  const text = element("p", { class: "error", id: `${field.id}-error` }, texts[name]);
  field.after(text);
  field.ariaInvalid = "true";
  field.setAttribute("aria-describedby", [...descriptions(field), text.id].join(" "));
  field.focus();
  return new InputInvalid(texts[name]);
}

/**
 * Remove the marks of `markInvalid`.
 * @param {...Field} fields
 */
export function clearInvalid(...fields) {
  for (const field of fields) {
    if (!field.ariaInvalid) continue;
    field.ariaInvalid = null;
    field.nextElementSibling?.remove();
    const others = descriptions(field).slice(0, -1);
    if (others.length > 0) field.setAttribute("aria-describedby", others.join(" "));
    else field.removeAttribute("aria-describedby");
  }
}

/** @param {Field} field */
function descriptions(field) {
  return field.getAttribute("aria-describedby")?.split(" ") ?? [];
}
