import { expect, test } from "vitest";
import { prefixAt } from "../src/webview/prefix";

/** The caret is where `|` stands. */
test.each([
  ["/ex|", "/ex"],
  ["/|", "/"],
  ["what does @fi|", "@fi"],
  ["what does @file:src/a|pp", "@file:src/a"],
  ["@fi|le and", "@fi"],
  ["what is a/b|", ""],
  ["mail me@home|", ""],
  ["@file |", ""],
  ["|", ""],
])("in %j %j is being typed", (text, prefix) => {
  expect(prefixAt(text.replace("|", ""), text.indexOf("|"))).toBe(prefix);
});
