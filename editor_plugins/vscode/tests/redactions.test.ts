// Placeholders of redacted values are never inserted into a document.

import { expect, test } from "vitest";
import { refuseRedacted } from "../src/rewrite/redactions";

test("code with a placeholder is refused, and the message names it", () => {
  expect(() => refuseRedacted('t = "<GITHUB_TOKEN_1>"', "t = 1")).toThrow("<GITHUB_TOKEN_1>");
  expect(() => refuseRedacted("mail = '[email removed]'", "")).toThrow("by hand");
});

test("what the document has itself is no placeholder, and ordinary code passes", () => {
  expect(() => refuseRedacted("x: Box<TYPE_1>", "y: Box<TYPE_1>")).not.toThrow();
  expect(() => refuseRedacted("a < B_1 > c; list[removed]", "")).not.toThrow();
});
