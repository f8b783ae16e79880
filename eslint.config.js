import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/.*/", "**/*.d.ts"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      eqeqeq: "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "no-throw-literal": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["functions/web/web/*.js", "local/host/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**/*.js"], languageOptions: { globals: globals.node } },
];
