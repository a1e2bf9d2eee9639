import { expect, test } from "vitest";
import { blocks } from "../src/webview/markdown";

function html(text: string): string {
  return blocks(text)
    .map((block) => block.html)
    .join("");
}

test("a reference is a link to its source, a link stays a link", () => {
  expect(html("Use `irfft` [1].")).toContain('<a href="#citation-1">[1]</a>');
  expect(html("Its example [12]:")).toContain('<a href="#citation-12">[12]</a>:');
  expect(html("[1](https://numpy.org)")).toContain('<a href="https://numpy.org">1</a>');
});

test("an index in code is no reference", () => {
  expect(html("`x[1]` and\n\n```python\nx[1]\n```")).not.toContain("citation");
});

test.each([
  ["HTML", '<img src="https://evil/x" onerror="alert(1)">'],
  ["an image", "![x](https://evil/x.png)"],
])("%s in an answer stays text", (_, text) => {
  expect(html(text)).not.toContain("<img");
});

test.each(["javascript:alert(1)", "command:workbench.x", "data:text/html,x", "vscode://x"])(
  "%s is no link",
  (address) => {
    expect(html(`[x](${address})`)).not.toContain("<a");
  },
);

test("while it grows, only the last block changes", () => {
  const whole = "# Title\n\nSome text.\n\n- one\n- two\n\n```python\nx = 1\n```\n\nThe end.";
  let before = blocks("");
  for (let length = 1; length <= whole.length; length++) {
    const now = blocks(whole.slice(0, length));
    const kept = now.slice(0, Math.max(before.length - 1, 0));
    expect(kept.map(({ html }) => html)).toEqual(
      before.slice(0, kept.length).map(({ html }) => html),
    );
    before = now;
  }
  expect(before).toHaveLength(5);
});

test("code that is not closed yet is code", () => {
  expect(html("```python\nx = 1")).toContain("<pre>");
});
