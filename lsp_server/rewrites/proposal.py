"""Keeps a proposed rewrite, and finds where its hunks go in the document now. Pure."""

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lsp_server.documents.text import split_lines

_COMPARED = 4_000_000  # pairs of rows


@dataclass(frozen=True, slots=True)
class Change:
    """Rows ``first`` to ``after`` (exclusive), counted from the rewrite's own first row."""

    id: int
    first: int
    after: int
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """Rows ``first`` to ``after`` (exclusive) of the document become ``text``."""

    first: int
    after: int
    text: str


class Proposal:
    """Remembers which hunks are accepted. ``edits`` finds the code again, or
    says that it cannot.
    """

    def __init__(self, uri: str, first_row: int, old: str, new: str) -> None:
        """``old`` and ``new`` are whole lines; ``old`` began at ``first_row``."""
        self.uri = uri
        self.accepted: frozenset[int] = frozenset()
        self._first_row = first_row
        self._old = _rows(old)
        self.changes = _changes(self._old, _rows(new))

    def edits(self, lines: Sequence[str], wanted: Collection[int]) -> list[Edit] | None:
        """The edits for these hunks, the last one first; None when the code has changed.

        The code is searched where it was, then everywhere else, and must be found exactly once:
        with the accepted hunks in, or in its first state, in case the user has undone them.
        """
        for accepted in dict.fromkeys((self.accepted, frozenset[int]())):
            standing = self._text(accepted)
            row = _find(lines, standing, self._first_row)
            if row is None:
                continue
            self.accepted = accepted
            self._first_row = row
            return self._edits(row, accepted, [id for id in wanted if id not in accepted])
        return None

    def accept(self, ids: Collection[int]) -> None:
        self.accepted |= frozenset(ids)

    def _edits(self, row: int, accepted: Collection[int], wanted: Collection[int]) -> list[Edit]:
        edits, shift = [], 0
        for change in self.changes:
            if change.id in accepted:
                shift += len(change.new) - len(change.old)
            elif change.id in wanted:
                first = row + change.first + shift
                edits.append(Edit(first, first + len(change.old), "".join(change.new)))
        return edits[::-1]

    def _text(self, accepted: Collection[int]) -> list[str]:
        text, at = [], 0
        for change in self.changes:
            text += self._old[at : change.first]
            text += change.new if change.id in accepted else change.old
            at = change.after
        return [*text, *self._old[at:]]


def _rows(text: str) -> list[str]:
    """Lines with their ends, without the empty line after the last end."""
    rows = split_lines(text)
    return rows if rows[-1] else rows[:-1]


def _changes(old: Sequence[str], new: Sequence[str]) -> tuple[Change, ...]:
    return tuple(
        Change(number, first, after, tuple(old[first:after]), tuple(new[begin:end]))
        for number, (first, after, begin, end) in enumerate(_blocks(old, new))
    )


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The differing blocks. For very long texts, one block between the equal beginning and end."""
    if len(old) * len(new) > _COMPARED:  # difflib would compare each row with each equal row
        same = zip(old, new, strict=False)
        start = next((row for row, (a, b) in enumerate(same) if a != b), min(len(old), len(new)))
        rest = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
        most = min(len(old), len(new)) - start
        kept = next((row for row, (a, b) in enumerate(rest) if a != b), most)
        if start + kept < max(len(old), len(new)):
            yield start, len(old) - kept, start, len(new) - kept
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, first, after, begin, end in matcher.get_opcodes():
        if kind != "equal":
            yield first, after, begin, end


def _find(lines: Sequence[str], wanted: Sequence[str], expected: int) -> int | None:
    """The row where these lines stand; when there are several, the row where they were before."""
    count = len(wanted)
    if list(lines[expected : expected + count]) == list(wanted):
        return expected
    if not any(line.strip() for line in wanted):
        return None
    return _only(lines, wanted)


def _only(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The only row where these lines begin. It looks at each row once (Knuth, Morris, Pratt)."""
    # for each beginning, the longest shorter beginning that it also ends with
    shorter = [0] * len(wanted)
    for at in range(1, len(wanted)):
        length = shorter[at - 1]
        while length and wanted[at] != wanted[length]:
            length = shorter[length - 1]
        shorter[at] = length + (wanted[at] == wanted[length])
    found = None
    length = 0
    for row, line in enumerate(lines):
        while length and line != wanted[length]:
            length = shorter[length - 1]
        length += line == wanted[length]
        if length == len(wanted):
            if found is not None:
                return None
            found = row - length + 1
            length = shorter[-1]
    return found
