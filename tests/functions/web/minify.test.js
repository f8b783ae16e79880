// The modules as they are served mean the same as their sources: both have the same syntax tree.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Linter } from "eslint";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const WEB = `${ROOT}/functions/web/web`;
const MINIFY = `
import json, sys
from guestkey.edge.web.bundle import minify
print(json.dumps([minify(source, ".js") for source in json.load(sys.stdin)]))
`;
/** Properties of a node that depend on its place in the text. */
const OF_ITS_PLACE = new Set(["start", "end", "loc", "range", "parent", "tokens", "comments"]);

/** Minify sources as the bundle does, which is written in Python. */
function minified(sources) {
  const env = { ...process.env, PYTHONPATH: `${ROOT}/layers/core` };
  const options = { env, input: JSON.stringify(sources), encoding: "utf-8" };
  return JSON.parse(execFileSync(`${ROOT}/.venv/bin/python`, ["-c", MINIFY], options));
}

function treeOf(source) {
  const linter = new Linter();
  const messages = linter.verify(source, { languageOptions: { ecmaVersion: "latest", sourceType: "module" } });
  assert.deepEqual(messages, []);
  const withoutPlace = (name, value) => (OF_ITS_PLACE.has(name) ? undefined : value);
  return JSON.parse(JSON.stringify(linter.getSourceCode().ast, withoutPlace));
}

test("each module keeps its syntax tree and loses its comments", () => {
  const names = readdirSync(WEB).filter((name) => name.endsWith(".js"));
  const sources = names.map((name) => readFileSync(`${WEB}/${name}`, "utf-8"));
  assert.ok(names.length > 15);

  for (const [at, text] of minified(sources).entries()) {
    assert.deepEqual(treeOf(text), treeOf(sources[at]), names[at]);
    assert.doesNotMatch(text, /@param|@type|@import/, names[at]);
    assert.ok(text.length < sources[at].length, names[at]);
  }
});

test("texts, templates and patterns are kept to the letter", () => {
  const source = [
    'const a = [" , ; ", `x = ${ 1 } ; // none`, "\\" ; \\"", \'\'.length / 2 / 3];',
    "const b = / ; \\/ [/;  ] /.test(a) || !/ x /.test(a);",
    "const c = a ? / y  y /g : 1;",
    "/** @type {number} */",
    "const d = /** @type {any} */ (a).length;",
    "// A comment with a quotation mark: \" and a backtick: `",
    "if (a) b();",
    "else c(d), ((x) => x)(typeof d in a);",
  ]
    .join("\n")
    .replace("''", '""');

  const [text] = minified([source]);

  assert.deepEqual(treeOf(text), treeOf(source));
  assert.doesNotMatch(text, /@type|quotation|\n/);
});
