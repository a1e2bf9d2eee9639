import { expect, test } from "vitest";
import { page } from "../src/chat/page";

const urls = { script: "https://r/chat.js", style: "https://r/style.css", source: "https://r" };

test("nothing but our own script, by its nonce, and our own style is let in", () => {
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page(urls, "n0nce"))?.[1];
  expect(policy?.split("; ")).toEqual([
    "default-src 'none'",
    "style-src https://r",
    "script-src 'nonce-n0nce'",
  ]);
});

test("it has no script or style of its own inside", () => {
  const html = page(urls, "n0nce");
  expect(html.match(/<script[^>]*>[^<]/)).toBeNull();
  expect(html).not.toMatch(/<style|style=|onclick=/);
});
