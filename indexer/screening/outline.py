"""Where the headings and the code of a Markdown page are, as CommonMark has it. Pure.

markdown-it decides. A page that a reader made from another format holds only what readers write:
headings at the beginning of a line, and fences. Its words may look like HTML or like indented code,
and are neither.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it.token import Token

from indexer.screening.fences import block_parser

# Mended fences of a page. Each one costs another parse of the rest.
_MENDED = 8
_ATX = re.compile(r" {0,3}#{1,6}(?=\s|$)")
_PRE = re.compile(r"\s*<pre[\s>]", re.IGNORECASE)
_HEADING_TAG = re.compile(r"\s*<h([1-6])(?:\s[^<>]*)?>([^<>]+)</h\1>\s*$", re.IGNORECASE)
# Languages in which a line that begins with one # is a comment.
_COMMENTS = {"python", "py", "sh", "bash", "shell", "console", "zsh", "ruby", "rb", "yaml", "yml",
             "toml", "r", "perl", "make", "makefile", "dockerfile", "ini", "conf"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str
    end: int  # the row after the heading


@dataclass(frozen=True, slots=True)
class Outline:
    """Rows are counted from 0."""

    headings: Mapping[int, Heading]
    code: Mapping[int, int]  # the first row of each block of code, and the row after it
    unclosed: frozenset[int]  # first rows of fences that nothing closes


@lru_cache(maxsize=2)  # the reader asks for the page that is cut next
def outline(text: str, *, made: bool = False) -> Outline:
    """The outline of a page; ``made`` says that a reader made the page from another format.

    A fence that is never closed ends before the next heading, or else at a blank line, so that it
    does not swallow the rest of the page.
    """
    # To markdown-it a lone \r ends a line, too, and so do not \f and others.
    lines = text.replace("\r", " ").split("\n")
    headings: dict[int, Heading] = {}
    code: dict[int, int] = {}
    unclosed: set[int] = set()
    parser = block_parser("code", "html_block", "lheading") if made else block_parser()
    start = 0
    for mended in range(_MENDED + 1):
        tokens = parser.parse("\n".join(lines[start:]))
        open_fence = _open_fence(tokens, lines, start)
        end = len(lines)
        if open_fence is not None:
            first, info = open_fence
            unclosed.add(first)
            if mended < _MENDED:
                end = _mended_end(lines, first, info)
        found = _headings(tokens, lines, start, made=made)
        headings |= {row: heading for row, heading in found if row < end}
        code |= {row: min(after, end) for row, after in _code(tokens, start) if row < end}
        if end >= len(lines):
            break
        start = end
    return Outline(headings, code, frozenset(unclosed))


def _open_fence(
    tokens: Sequence[Token], lines: Sequence[str], start: int
) -> tuple[int, str] | None:
    """The fence that reaches the end of the page without being closed, and its language."""
    for token in reversed(tokens):
        if token.type == "fence" and token.level == 0 and token.map:
            first, after = token.map[0] + start, token.map[1] + start
            closing = lines[after - 1].strip()
            closed = (
                after - 1 > first
                and len(closing) >= len(token.markup)
                and not closing.strip(token.markup[0])
            )
            # What follows a closed fence can't be inside an open one.
            if closed or any(line.strip() for line in lines[after:]):
                return None
            return first, token.info.strip().lower()
    return None


def _mended_end(lines: Sequence[str], first: int, info: str) -> int:
    language = re.split(r"[\s{,:]", info, maxsplit=1)[0]
    blank = 0
    for row in range(first + 1, len(lines)):
        if not lines[row].strip():
            blank = blank or row
            following = lines[row + 1] if row + 1 < len(lines) else ""
            marks = len(following) - len(following.lstrip("#"))
            if _ATX.match(following) and (marks > 1 or language not in _COMMENTS):
                return row
    return blank or len(lines)


def _headings(
    tokens: Sequence[Token], lines: Sequence[str], start: int, *, made: bool
) -> Iterator[tuple[int, Heading]]:
    """Headings outside lists and quotes; HTML that is only a heading counts as one."""
    for i, token in enumerate(tokens):
        if token.level or not token.map:
            continue
        row, after = token.map[0] + start, token.map[1] + start
        if token.type == "heading_open":
            if made and not lines[row].startswith("#"):
                continue
            text = " ".join(tokens[i + 1].content.split())
            yield row, Heading(int(token.tag[1]), text, after)
        elif token.type == "html_block":
            found = _HEADING_TAG.match(token.content)
            if found:
                yield row, Heading(int(found[1]), " ".join(found[2].split()), after)


def _code(tokens: Sequence[Token], start: int) -> Iterator[tuple[int, int]]:
    for token in tokens:
        if token.map and (
            token.type == "fence" or (token.type == "html_block" and _PRE.match(token.content))
        ):
            yield token.map[0] + start, token.map[1] + start
