// What the language server makes of hostile answers (indexer/screening/escaping.py wrote `hostile.json`), drawn
// by markdown-it with the options of VS Code's own preview, and by the chat's page.

import MarkdownIt from "markdown-it";
import { expect, test } from "vitest";
import { plain, words } from "../src/citations";
import { blocks } from "../src/webview/markdown";
import hostile from "./hostile.json";

const preview = new MarkdownIt({ html: true, linkify: true });

/** What the drawn page would fetch or run, or link to without saying where it leads. */
function dangers(html: string): string[] {
  const found = html.match(
    /<(?!\/?(p|a|ul|ol|li|em|strong|code|pre|table|t[a-z]+|s|hr|br|h\d|blockquote)\b)[^>]*>/g,
  );
  const links = [...html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)];
  const hidden = links.filter(
    ([, to, shown]) =>
      !/^https?:|^#citation-/i.test(to ?? "") || (!to?.startsWith("#") && to !== shown),
  );
  return [...(found ?? []), ...hidden.map(([all]) => all)];
}

test.each(hostile)("nothing of $text is fetched or run", ({ escaped }) => {
  expect(dangers(preview.render(escaped))).toEqual([]);
  const drawn = blocks(escaped).map(({ html }) => html);
  expect(dangers(drawn.join(""))).toEqual([]);
});

test("the test sees what it looks for", () => {
  expect(
    hostile.filter(({ text }) => dangers(preview.render(text)).length > 0).length,
  ).toBeGreaterThan(10);
});

test.each([
  "![x](https://evil/x.png)",
  "[x](command:y)",
  "<img src=x>",
  "a\n\n[x]: //evil",
  "`x` **y** &lt;",
  "ftp://evil //evil",
])("%j is words in a title or a notice", (text) => {
  const html = preview.render(plain(text));
  expect(html.replaceAll(/<\/?p>/g, "")).not.toMatch(/<(?!a href="https?:)/);
});

test("a message box finds no link", () => {
  expect(words("[x](command:y)")).toBe("[x] (command:y)");
});
