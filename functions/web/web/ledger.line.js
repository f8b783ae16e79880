// Reads a line of a ledger, and a head. Their form is that of `rules/ledger_form.py`.

import { ENTRY, HEAD, MAX_HEAD_LENGTH, MAX_INTEGER, MAX_LINE_BYTES } from "./ledger.form.js";

/** @typedef {"byte_order_mark" | "line_ends" | "blank_lines"} Accident */
/** @typedef {{ seq: number, hash: string }} Head */
/** @typedef {{ tenantId: string, prevHash: string, head: Head, isEdited: boolean }} Line */

/** The hash before the first entry. */
export const NO_HASH = "0".repeat(64);
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const CARRIAGE_RETURN = 13;
const BLANKS = [9, 32];
/** First bytes of a file in another format, as Latin-1, and its name. */
const OTHER_FORMATS = {
  "\xff\xfe": "UTF-16",
  "\xfe\xff": "UTF-16",
  "{\0": "UTF-16",
  "\0{": "UTF-16",
  "\x1f\x8b": "gzip",
  "PK\x03\x04": "ZIP",
  "<": "HTML",
};
const LONGEST_BEGINNING = 4;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Return the head in a text, as it is copied from a mail; null for any other text.
 * @param {string} text
 * @returns {Head | null}
 */
export function parseHead(text) {
  const match = text.length <= MAX_HEAD_LENGTH ? HEAD.exec(text) : null;
  const hash = match ? match[2].toLowerCase().replace(/[^0-9a-f]/g, "") : "";
  return match && hash !== NO_HASH ? { seq: Number(match[1]), hash } : null;
}

/**
 * Return the line without the traces of editors, and these.
 * @param {Uint8Array<ArrayBuffer>} raw
 */
export function withoutAccidents(raw) {
  const isMarked = BYTE_ORDER_MARK.every((byte, at) => raw[at] === byte);
  const start = isMarked ? BYTE_ORDER_MARK.length : 0;
  let end = raw.length;
  while (end > start && raw[end - 1] === CARRIAGE_RETURN) end -= 1;
  const isBlank = raw.subarray(start, end).every((byte) => BLANKS.includes(byte));
  /** @type {(Accident | false)[]} */
  const accidents = [isMarked && "byte_order_mark", end < raw.length && "line_ends", isBlank && "blank_lines"];
  return { line: raw.subarray(start, isBlank ? start : end), accidents: accidents.filter((one) => one !== false) };
}

/**
 * Return the name of the other format that a line begins as, behind blanks.
 * @param {Uint8Array} line
 */
export function otherFormatOf(line) {
  const at = line.findIndex((byte) => !BLANKS.includes(byte));
  const beginning = String.fromCharCode(...line.subarray(at, at + LONGEST_BEGINNING));
  return Object.entries(OTHER_FORMATS).find(([bytes]) => beginning.startsWith(bytes))?.[1];
}

/**
 * Return the fields of an entry's line, or the fault of any other line.
 * @param {Uint8Array<ArrayBuffer>} line
 * @returns {Promise<Line | "malformed" | "encoding">}
 */
export async function readLine(line) {
  if (line.length > MAX_LINE_BYTES) return "malformed";
  let text;
  try {
    text = decoder.decode(line);
  } catch {
    return "encoding";
  }
  const match = ENTRY.exec(text);
  if (!match || !isCanonicalData(match[2])) return "malformed";
  const [, before, , hash, after, prevHash, seq, tenantId] = match;
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(before + after));
  const digits = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { tenantId, prevHash, head: { seq: Number(seq), hash }, isEdited: digits !== hash };
}

/**
 * Say whether the names of `data` are sorted, each once, and its integers exact.
 * @param {string} text
 */
function isCanonicalData(text) {
  const data = JSON.parse(text);
  const names = Object.keys(data);
  return (
    // A name that stood twice is there once now.
    JSON.stringify(data) === text &&
    names.every((name, at) => at === 0 || names[at - 1] < name) &&
    Object.values(data).every((value) => typeof value !== "number" || Math.abs(value) <= MAX_INTEGER)
  );
}
