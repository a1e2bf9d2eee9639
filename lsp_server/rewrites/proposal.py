"""A rewrite that was offered: its hunks, and where they go in the document as it is now. Pure."""

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lsp_server.documents.text import split_lines

_COMPARED = 4_000_000  # rows with rows


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
    """Remembers what of it is accepted; ``edits`` finds the code again, or says it cannot."""

    def __init__(self, uri: str, first_row: int, old: str, new: str) -> None:
        """``old`` and ``new`` are whole lines; ``old`` began at ``first_row``."""
        self.uri = uri
        self.accepted: frozenset[int] = frozenset()
        self._first_row = first_row
        self._old = _rows(old)
        self.changes = _changes(self._old, _rows(new))

    def edits(self, lines: Sequence[str], wanted: Collection[int]) -> list[Edit] | None:
        """What to change for these hunks, the last one first; None where the code has changed.

        The code is looked for where it was, then everywhere else, and must be found once: with
        what was accepted, or as it was at first, should the user have taken it back.
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
    """Lines with their ends; nothing for the empty line after the last end."""
    rows = split_lines(text)
    return rows if rows[-1] else rows[:-1]


def _changes(old: Sequence[str], new: Sequence[str]) -> tuple[Change, ...]:
    return tuple(
        Change(number, first, after, tuple(old[first:after]), tuple(new[begin:end]))
        for number, (first, after, begin, end) in enumerate(_blocks(old, new))
    )


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """What differs. Of very long texts what is between the same beginning and the same end."""
    if len(old) * len(new) > _COMPARED:  # difflib would compare each row with each like it
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
    """The row where these lines stand; if they stand in several places, where they did before."""
    count = len(wanted)
    if list(lines[expected : expected + count]) == list(wanted):
        return expected
    if not any(line.strip() for line in wanted):
        return None
    return _only(lines, wanted)


def _only(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The one row where these lines begin. Each row is looked at once (Knuth, Morris, Pratt)."""
    shorter = [0] * len(wanted)  # the longest beginning that each beginning also ends with
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
