"""Finds the files that a page includes: examples that a reader sees in it. Pure.

Sphinx's ``literalinclude``, MyST's, the snippets of MkDocs, and AsciiDoc's ``include``. Pages that
include other pages are not followed, because those are documents themselves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPHINX = re.compile(r"\s{0,40}(?:\.\. |`{3,9}\{|:{3,9}\{)literalinclude(?:::|\})\s{1,9}(\S.*)$")
_OPTION = re.compile(r"\s{0,40}:([\w-]{1,40}):\s{0,9}(.*)$")
_SCISSORS = re.compile(r"\s{0,40}-{1,9}8<-{1,9}\s{1,9}[\"']([^\"'\n]{1,400})[\"']\s*$")
_ASCIIDOC = re.compile(r"include::([^\[\n]{1,400})\[([^\]\n]{0,400})\]\s*$")
_RANGE = re.compile(r"(\d{1,7})?(?:-|\.\.)?(\d{1,7})?")
_MOST = 50  # files that a page includes
_OPTIONS = 30  # lines of options below a directive


@dataclass(frozen=True, slots=True)
class Include:
    """``path`` is as written: relative to the page, or with a leading slash to the source."""

    path: str
    line: int  # 1-based, of the page
    options: dict[str, str] = field(default_factory=dict)

    def part(self, text: str) -> str:
        """What of the file is shown."""
        lines = text.split("\n")
        wanted = self.options.get("lines", "")
        if wanted:
            lines = [line for part in re.split(r"[,;]", wanted) for line in _ranged(lines, part)]
        elif tag := self.options.get("tag") or self.options.get("tags"):
            lines = _tagged(lines, tag.split(";")[0].split(",")[0])
        for name, offset in (("start-after", 1), ("start-at", 0)):
            if mark := self.options.get(name):
                at = next((i for i, line in enumerate(lines) if mark in line), -offset)
                lines = lines[at + offset :]
        for name, offset in (("end-before", 0), ("end-at", 1)):
            if mark := self.options.get(name):
                at = next((i for i, line in enumerate(lines) if mark in line), len(lines))
                lines = lines[: at + offset]
        return "\n".join(lines).strip("\n")


def included(text: str) -> list[Include]:
    """What a page includes, in order."""
    if "include" not in text and "8<-" not in text:
        return []
    return list(_all(text.split("\n")))[:_MOST]


def _all(lines: list[str]) -> Iterator[Include]:
    for row, line in enumerate(lines):
        if found := _SPHINX.match(line):
            options: dict[str, str] = {}
            for below in lines[row + 1 : row + 1 + _OPTIONS]:
                option = _OPTION.match(below)
                if option is None:
                    break
                options[option[1]] = option[2].strip()
            yield Include(found[1].strip(), row + 1, options)
        elif found := _SCISSORS.match(line):
            path, _, part = found[1].partition(":")
            wanted = part.replace(":", "-")
            named = {"lines": wanted} if wanted[:1].isdigit() else {"tag": wanted}
            yield Include(f"/{path}", row + 1, named if wanted else {})
        elif found := _ASCIIDOC.match(line):
            pairs = (pair.partition("=") for pair in found[2].split(","))
            yield Include(
                found[1],
                row + 1,
                {name.strip(): value.strip().strip('"') for name, _, value in pairs if value},
            )


def _ranged(lines: list[str], part: str) -> list[str]:
    found = _RANGE.fullmatch(part.strip())
    if found is None or not (found[1] or found[2]):
        return []
    first = int(found[1] or 1)
    last = int(found[2]) if found[2] else (len(lines) if part.strip()[-1] in "-." else first)
    return lines[max(first - 1, 0) : last]


def _tagged(lines: list[str], tag: str) -> list[str]:
    """The lines between ``tag::name[]`` and ``end::name[]``, or the marks of MkDocs' snippets."""
    begins = (f"tag::{tag}[]", f"--8<-- [start:{tag}]")
    ends = (f"end::{tag}[]", f"--8<-- [end:{tag}]")
    first = next((i for i, line in enumerate(lines) if any(each in line for each in begins)), None)
    if first is None:
        return []
    rest = lines[first + 1 :]
    last = next((i for i, line in enumerate(rest) if any(each in line for each in ends)), len(rest))
    return rest[:last]
