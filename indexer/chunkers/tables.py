"""Cuts tables between rows, and repeats the header rows above each piece. Pure.

Pipe tables of Markdown, grid and simple tables and table directives of reStructuredText, and tables
of HTML in a page of Markdown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_GRID = re.compile(r"[ \t]*\+(?:[-=]+\+)+[ \t]*$")
_GRID_HEAD = re.compile(r"[ \t]*\+(?:=+\+)+[ \t]*$")
_SIMPLE = re.compile(r"[ \t]*={2,}(?: +={2,})+[ \t]*$")
_DIRECTIVE = re.compile(r"[ \t]*\.\. (list-table|csv-table|table)::")
_HEADER_ROWS = re.compile(r"[ \t]*:header-rows:[ \t]*(\d{1,3})[ \t]*$")
_ROW = re.compile(r"[ \t]*\* - ?")
_HTML = re.compile(r"[ \t]*<table[\s>]", re.IGNORECASE)
_HTML_ROW = re.compile(r"[ \t]*<tr[\s>]", re.IGNORECASE)

Lines = list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """``head`` is repeated above each piece, and ``foot`` ends each one. ``rows`` are the lines of
    each row, with the number of the first one."""

    head: Lines
    rows: list[tuple[int, Lines]]
    foot: Lines


def table(text: str) -> Table | None:
    """The table that a block is, if it is one with at least two rows.

    Text above a table, such as a caption, counts as its head.
    """
    lines = text.split("\n")
    for read in (_pipes, _grid, _simple, _directive, _html):
        found = read(lines)
        if found is not None and len(found.rows) > 1:
            return found
    return None


def _pipes(lines: Lines) -> Table | None:
    for at in range(1, len(lines)):
        if "|" not in lines[at - 1] and at > 1:
            return None  # a caption of one line at most
        if _delimits(lines[at]) and "|" in lines[at - 1]:
            return Table(lines[: at + 1], _numbered(lines[at + 1 :], at + 1), [])
    return None


def _delimits(line: str) -> bool:
    """Whether a line parts the header rows of a pipe table from the others."""
    return "|" in line and "-" in line and not line.strip("|:- \t")


def _grid(lines: Lines) -> Table | None:
    first = next((i for i, line in enumerate(lines[:3]) if _GRID.match(line)), None)
    if first is None:
        return None
    if not all(line.lstrip().startswith(("+", "|")) for line in lines[first:]):
        return None
    head = next((i for i, line in enumerate(lines) if _GRID_HEAD.match(line)), first)
    border = lines[first]
    rows: list[tuple[int, Lines]] = []
    begin = head + 1
    for i in range(head + 1, len(lines)):
        if _GRID.match(lines[i]):
            rows.append((begin, lines[begin : i + 1]))
            begin = i + 1
    if begin < len(lines):
        rows.append((begin, [*lines[begin:], border]))
    return Table(lines[: head + 1], rows, [])


def _simple(lines: Lines) -> Table | None:
    borders = [i for i, line in enumerate(lines) if _SIMPLE.match(line)]
    if len(borders) < 2 or borders[0] > 1:
        return None
    head = borders[1] if len(borders) > 2 else borders[0]
    end = borders[-1]
    if end != len(lines) - 1:
        return None
    return Table(
        lines[: head + 1], _grouped(lines[head + 1 : end], head + 1, _begins), [lines[end]]
    )


def _begins(line: str) -> bool:
    """Whether a line of a simple table begins a row: its first column is not empty."""
    return bool(line.strip()) and not line.startswith("  ")


def _directive(lines: Lines) -> Table | None:
    found = _DIRECTIVE.match(lines[0])
    if found is None:
        return None
    options = 1
    while options < len(lines) and lines[options].lstrip().startswith(":"):
        options += 1
    while options < len(lines) and not lines[options].strip():
        options += 1
    said = [int(named[1]) for line in lines[:options] if (named := _HEADER_ROWS.match(line))]
    headers = said[0] if said else 0
    if found[1] == "table":
        inner = _grid(lines[options:]) or _simple(lines[options:])
        if inner is None:
            return None
        rows = [(at + options, row) for at, row in inner.rows]
        return Table([*lines[:options], *inner.head], rows, inner.foot)
    body = lines[options:]
    if found[1] == "list-table":
        outer = min((indent(line) for line in body if _ROW.match(line)), default=0)
        rows = _grouped(
            body, options, lambda line: indent(line) == outer and bool(_ROW.match(line))
        )
    else:
        rows = _numbered(body, options)
    head = lines[:options] + [line for _, row in rows[:headers] for line in row]
    return Table(head, rows[headers:], [])


def _html(lines: Lines) -> Table | None:
    if not _HTML.match(lines[0]):
        return None
    starts = [i for i, line in enumerate(lines) if _HTML_ROW.match(line)]
    if len(starts) < 2:
        return None
    head = starts[0]
    for i in range(starts[0], len(lines)):  # rows of the head, or else the first row if it names
        if "</thead" in lines[i].lower():
            head = i + 1
            break
    else:
        if any("<th" in line.lower() for line in lines[starts[0] : starts[1]]):
            head = starts[1]
    rows = _grouped(lines[head:], head, lambda line: bool(_HTML_ROW.match(line)))
    return Table(lines[:head], rows, [])


def _grouped(
    lines: Sequence[str], first: int, begins: Callable[[str], bool]
) -> list[tuple[int, Lines]]:
    rows: list[tuple[int, Lines]] = []
    for i, line in enumerate(lines):
        if not rows or begins(line):
            rows.append((first + i, []))
        rows[-1][1].append(line)
    return rows


def _numbered(lines: Sequence[str], first: int) -> list[tuple[int, Lines]]:
    return [(first + i, [line]) for i, line in enumerate(lines) if line.strip()]


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())
