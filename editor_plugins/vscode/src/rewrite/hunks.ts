// A proposal as hunks of whole lines, and the texts that follow from accepting some of them. Pure.

import { diffArrays } from "diff";
import type { Range } from "vscode-languageserver-types";
import type { Hunk } from "../protocol";

/** `base` with these hunks applied. All of their ranges refer to `base`. */
export function applyHunks(base: string, hunks: readonly Hunk[]): string {
  const lines = splitLines(base);
  for (const { range, newText } of inOrder(hunks).reverse()) {
    lines.splice(range.start.line, lineCount(range), ...splitLines(newText));
  }
  return lines.join("");
}

/** The first line of `hunk` in the text that `applied` makes from the base. */
export function firstLine(hunk: Hunk, applied: readonly Hunk[]): number {
  let line = hunk.range.start.line;
  for (const other of applied) {
    if (other.range.start.line < hunk.range.start.line) {
      line += splitLines(other.newText).length - lineCount(other.range);
    }
  }
  return line;
}

/** The pending hunk at `line` of the proposed text, otherwise the nearest one. */
export function hunkAt(
  line: number,
  pending: readonly Hunk[],
  accepted: readonly Hunk[],
): Hunk | undefined {
  const distance = (hunk: Hunk): number => {
    const first = firstLine(hunk, [...pending, ...accepted]);
    const last = first + Math.max(splitLines(hunk.newText).length - 1, 0);
    return line < first ? first - line : Math.max(line - last, 0);
  };
  return pending.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** The changes between two versions of a document's lines, from line `first` on. */
export function hunksBetween(oldText: string, newText: string, first: number): Hunk[] {
  const hunks: Hunk[] = [];
  let line = first;
  let removed: string[] = [];
  let added: string[] = [];
  const close = (): void => {
    if (removed.length > 0 || added.length > 0) {
      hunks.push({
        id: hunks.length,
        range: {
          start: { line: line - removed.length, character: 0 },
          end: { line, character: 0 },
        },
        oldText: removed.join(""),
        newText: added.join(""),
      });
      removed = [];
      added = [];
    }
  };
  for (const part of diffArrays(splitLines(oldText), splitLines(newText))) {
    if (part.added) {
      added.push(...part.value);
    } else if (part.removed) {
      removed.push(...part.value);
      line += part.value.length;
    } else {
      close();
      line += part.value.length;
    }
  }
  close();
  return hunks;
}

/** While code arrives for the lines of `range`, it replaces the first of them. */
export function preview(base: string, range: Range, code: string): string {
  const lines = splitLines(base);
  const first = range.start.line;
  const arrived = splitLines(code);
  lines.splice(first, Math.min(arrived.length, lineCount(range)), ...arrived);
  return lines.join("");
}

/** The lines with their line ends. After a final line end, there is no empty line. */
export function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** A range of lines that ends inside a line includes that line. */
export function lineCount({ start, end }: Range): number {
  return end.line - start.line + (end.character > 0 ? 1 : 0);
}

function inOrder(hunks: readonly Hunk[]): Hunk[] {
  return hunks.toSorted((a, b) => a.range.start.line - b.range.start.line);
}
