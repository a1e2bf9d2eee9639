import { expect, test } from "vitest";
import { address, withSources } from "../src/citations";
import type { Citation } from "../src/protocol";

function citation(uri: string, line: number | null, title = "irfft"): Citation {
  return { number: 1, title, uri, breadcrumb: "", line, version: "", score: 1 };
}

test.each([
  ["file:///f.py", 6, "file:///f.py#L7"],
  ["file:///f.py", null, "file:///f.py"],
  ["https://numpy.org/irfft.html#examples", 6, "https://numpy.org/irfft.html#examples"],
])("%s at %j is opened as %s", (uri, line, expected) => {
  expect(address(citation(uri, line))).toBe(expected);
});

test("a title cannot break out of its link", () => {
  const text = withSources("See [1].", [citation("file:///f.py", 6, "a](command:x) [b")]);
  expect(text).toContain("[a\\]\\(command:x\\) \\[b](<file:///f.py#L7>)");
});

test("a source of another host or scheme is named, and no link", () => {
  for (const uri of ["file://host/share", "command:x", "javascript:x", "https://x> [y](z"]) {
    expect(withSources("So.", [citation(uri, null)])).toContain("1. irfft");
    expect(withSources("So.", [citation(uri, null)])).not.toContain("](");
  }
});

test("an answer without sources stays as it is", () => {
  expect(withSources("So.", [])).toBe("So.");
});
