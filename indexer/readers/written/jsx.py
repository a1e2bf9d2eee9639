"""Leaves JSX out of MDX and keeps the text in it. Pure; every line stays in its place."""

import re

from indexer.screening.fences import fenced

_TAG = re.compile(r"</?(?:[A-Za-z][\w.:-]*)?")
# Attributes that a reader sees.
_SHOWN = re.compile(
    r"\b(?:label|title|heading|summary)\s{0,9}=\s{0,9}\{?[\"']([^\"'\n]{1,200})[\"']"
)
_LONGEST_TAG = 20_000  # characters
_ESM = re.compile(r"(?:import|export)\s")
_KEPT = {"a", "b", "i", "em", "strong", "code", "pre", "kbd", "sub", "sup", "br", "details",
         "summary", "table", "thead", "tbody", "tr", "td", "th", "p", "li", "ul", "ol", "span",
         "h1", "h2", "h3", "h4", "h5", "h6"}  # fmt: skip


def without(text: str) -> str:
    """The text of MDX without imports, exports, comments and the tags of components."""
    lines = text.split("\n")
    code = {row for first, after in fenced(text, markdown=False) for row in range(first, after)}
    _drop_modules(lines, code)
    _drop_tags(lines, code)
    return "\n".join(_dedented(lines, code))


def _drop_modules(lines: list[str], code: set[int]) -> None:
    """Blanks ``import`` and ``export``, which end at a blank line."""
    inside = False
    for row, line in enumerate(lines):
        if row in code or not line.strip():
            inside = False
        elif inside or (_ESM.match(line) and (row == 0 or not lines[row - 1].strip())):
            inside, lines[row] = True, ""


def _drop_tags(lines: list[str], code: set[int]) -> None:
    # Code can't begin within a tag, so each stretch of text between code is read alone.
    start = 0
    for row in range(len(lines) + 1):
        if row == len(lines) or row in code:
            if start < row:
                lines[start:row] = _untagged("\n".join(lines[start:row])).split("\n")
            start = row + 1


def _untagged(text: str) -> str:
    kept: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith("{/*", at) and (end := text.find("*/}", at)) >= 0:
            kept.append("\n" * text.count("\n", at, end))
            at = end + 3
        elif text[at] == "`":
            end = text.find("`", at + 1)
            end = at if end < 0 or "\n\n" in text[at:end] else end
            kept.append(text[at : end + 1])
            at = end + 1
        elif text[at] == "<" and (end := _end_of_tag(text, at)):
            tag = text[at:end]
            shown = _SHOWN.search(tag)
            kept.append(f"**{shown[1]}**" if shown else "")
            kept.append("\n" * tag.count("\n"))
            at = end
        else:
            following = min(
                (i for mark in "<`{" if (i := text.find(mark, at + 1)) >= 0), default=len(text)
            )
            kept.append(text[at:following])
            at = following
    return "".join(kept)


def _end_of_tag(text: str, at: int) -> int:
    """Where the tag of a component ends; 0 when there is none, or one of plain HTML."""
    found = _TAG.match(text, at)
    assert found is not None
    name = found[0].strip("</")
    if name in _KEPT or (not name and text[found.end() : found.end() + 1] != ">"):
        return 0
    depth = 0
    quote = ""
    for i in range(found.end(), min(len(text), at + _LONGEST_TAG)):
        character = text[i]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (depth or text[i - 1] in "={"):
            quote = character
        elif character in "{}":
            depth += 1 if character == "{" else -1
        elif character == ">" and depth <= 0:
            return i + 1
        elif character == "<" and depth <= 0:
            return 0
    return 0


def _dedented(lines: list[str], code: set[int]) -> list[str]:
    """Contents of components are indented by habit; four blanks are no code in MDX."""
    base = 0
    blank = True
    result = []
    for row, line in enumerate(lines):
        if line.strip():
            indent = len(line) - len(line.lstrip(" "))
            if blank and row not in code and not line.lstrip().startswith(("-", "*", "+", "1")):
                base = indent
            if blank and row in code and row - 1 not in code:
                base = indent if indent >= 4 else base
            line = line[min(base, indent) :]
        blank = not line.strip()
        result.append(line)
    return result
