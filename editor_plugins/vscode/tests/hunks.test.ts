import { expect, test } from "vitest";
import { applyHunks, firstLine, hunkAt, hunksBetween, preview } from "../src/rewrite/hunks";

const BASE = "a\nb\nc\nd\ne\n";

function lines(text: string): string {
  return text.replaceAll(" ", "\n").concat("\n");
}

/** Changes b, and d to two lines; the document's other lines stay. */
const hunks = hunksBetween(BASE, lines("a B c D1 D2 e"), 0);

test("two versions of some lines are told apart by whole lines", () => {
  expect(hunks.map(({ oldText, newText }) => [oldText, newText])).toEqual([
    ["b\n", "B\n"],
    ["d\n", "D1\nD2\n"],
  ]);
});

test.each([
  [[], BASE],
  [[0], lines("a B c d e")],
  [[1], lines("a b c D1 D2 e")],
  [[0, 1], lines("a B c D1 D2 e")],
])("accepting hunks %j leaves the others as they are", (ids, text) => {
  const chosen = hunks.filter(({ id }) => ids.includes(id));
  expect(applyHunks(BASE, chosen)).toBe(text);
});

test.each([
  ["pure insertion", "a\nc\n", "a\nb\nc\n"],
  ["pure deletion", "a\nb\nc\n", "a\nc\n"],
  ["no line end at the end", "a\nb", "a\nB"],
  ["everything is new", "", "a\nb\n"],
  ["nothing is left", "a\nb\n", ""],
])("%s goes there and nowhere else", (_, before, after) => {
  expect(applyHunks(`x\n${before}`, hunksBetween(before, after, 1))).toBe(`x\n${after}`);
});

test("a hunk stands where those before it push it", () => {
  const longer = hunksBetween(BASE, lines("a B1 B2 c D e"), 0);
  const [first, second] = longer;
  expect(second && firstLine(second, longer)).toBe(4);
  expect(second && first && firstLine(second, [second])).toBe(3);
});

test("the cursor means the hunk it is in, else the nearest", () => {
  expect(hunkAt(1, hunks, [])?.id).toBe(0);
  expect(hunkAt(4, hunks, [])?.id).toBe(1);
  expect(hunkAt(0, hunks, [])?.id).toBe(0);
  expect(hunkAt(99, hunks, [])?.id).toBe(1);
  expect(hunkAt(0, [], hunks)).toBeUndefined();
});

test("code that arrives stands over the lines it replaces, one by one", () => {
  const range = { start: { line: 1, character: 0 }, end: { line: 4, character: 0 } };
  expect(preview(BASE, range, "B\n")).toBe(lines("a B c d e"));
  expect(preview(BASE, range, "B\nC\nD\nD2\n")).toBe(lines("a B C D D2 e"));
});
