"""Finds values by their format, in whole texts and in texts that still grow. Pure.

A table of ``Pattern`` (in ``secrets`` and ``pii``) says what to find, and ``Scanner`` finds it.
Each pattern is searched by itself, so that a rejected candidate hides nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import regex

from backend.ports import Span
from backend.rails.redaction import merge
from indexer.screening.windows import PIECE, Steps, run


@dataclass(frozen=True, slots=True)
class Pattern:
    """One format. Every quantifier is bounded, and so is the tail that a stream holds back.

    The span is the group ``value`` if the expression has one, else the whole match. The group is
    not inside another one, and the text before it is not secret. A text without any of the
    ``hints`` cannot match. ``validate`` judges the value: checksum, entropy, reserved ranges.

    Lookbehinds see at most ``Scanner.context`` characters, and come first. Elsewhere, ``regex``
    reports partial matches that are impossible, and text waits in vain. ``reach`` is more than the
    characters of a match and its lookahead, because long texts are searched in pieces.
    """

    kind: str
    expression: str
    hints: tuple[str, ...] = ()
    validate: Callable[[str], bool] | None = None
    reach: int = 600

    @property
    def lead(self) -> str:
        """The expression before the value; empty when the whole match is the value."""
        lead, value, _ = self.expression.partition(_VALUE)
        return lead if value else ""


@dataclass(frozen=True, slots=True)
class Match:
    """The text that a pattern consumed, and the span in it to remove."""

    start: int
    end: int
    span: Span


@dataclass(frozen=True, slots=True)
class Settled:
    """How far a text that still grows is decided.

    No new match can begin before ``matches``, and nothing before ``shown`` can become part of a
    value. ``touched`` says that a match begins before ``shown``.
    """

    matches: int
    shown: int
    touched: bool


_VALUE = "(?P<value>"

# A match may not begin inside a word, except at a hump or after an escape, as in "dbPassword",
# r"\nghp_…" and "%20ghp_…".
_BEGIN = r"(?:(?<![A-Za-z0-9])|(?<=[a-z])(?=[A-Z])|(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"
_BEGINNING = regex.compile(_BEGIN + r"[!-~]")
_FEW = 8  # a pattern with more first characters is not worth a copy for each of them
_PRINTABLE = tuple(map(chr, range(ord("!"), ord("~") + 1)))


class Scanner:
    """Compiles a table once. It has no state, so threads and answers share it."""

    context = 16  # characters before a match that its lookbehind may depend on

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = [
            (
                pattern,
                _compile(_group(pattern)),
                "value" if pattern.lead else 0,
            )
            for pattern in patterns
        ]
        self._by_first = _by_first(patterns)

    def find(self, text: str) -> tuple[Span, ...]:
        """The spans to remove, in order. Overlapping findings are joined."""
        return tuple(merge(match.span for match in self.matches(text)))

    def finding(self, text: str) -> Steps[tuple[Span, ...]]:
        """Does what ``find`` does, with pauses."""
        matches = yield from self._matching(text, 0)
        return tuple(merge(match.span for match in matches))

    def matches(self, text: str, start: int = 0) -> list[Match]:
        """Every valid match from ``start`` on, in the order of the table. They may overlap."""
        return run(self._matching(text, start))

    def _matching(self, text: str, start: int) -> Steps[list[Match]]:
        """Searches in pieces, as ``indexer.screening.windows.found`` does.

        After a rejected candidate, the search goes on at its second character.
        """
        found = []
        length = len(text)
        for pattern, compiled, value in self._patterns:
            if pattern.hints and not any(hint in text for hint in pattern.hints):
                continue
            position = edge = start
            while edge < length:
                edge += PIECE
                while match := compiled.search(text, position, edge + pattern.reach):
                    if match.start() >= edge:
                        break
                    if _BEGINNING.match(text, match.start()) and (
                        pattern.validate is None or pattern.validate(match[value])
                    ):
                        span = Span(match.start(value), match.end(value), pattern.kind)
                        found.append(Match(match.start(), match.end(), span))
                        position = match.end()
                    else:
                        position = match.start() + 1
                        yield  # there may be very many candidates, and each takes time
                position = max(position, edge)
                yield
        return found

    def settled(self, text: str, start: int) -> Settled:
        """How far this text is decided, if matches are looked for from ``start`` on."""
        touched = False
        undecided = len(text)
        for beginning in _BEGINNING.finditer(text, start):
            at = beginning.start()
            for automaton in self._by_first.get(text[at], ()):
                if not automaton.whole.match(text, at, partial=True):
                    continue  # so it is nearly everywhere; nothing below would match
                if automaton.unfinished.match(text, at, partial=True):
                    undecided = min(undecided, at)
                    if automaton.may_be_in_value(text, at):
                        return Settled(undecided, at, touched)
                touched = touched or automaton.whole.match(text, at) is not None
        return Settled(undecided, len(text), touched)


class _Automaton:
    """Several patterns as one expression.

    ``unfinished`` ends with a character that never comes. So it has only partial matches, from the
    positions where some pattern reaches the end of the text.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.whole = _compile(_union(map(_group, patterns)))
        self.unfinished = _unfinished(map(_group, patterns))
        self._all_value = _unfinished(_group(each) for each in patterns if not each.lead)
        self._led = _compile(_union(each.lead for each in patterns if each.lead))

    def may_be_in_value(self, text: str, at: int) -> bool:
        """Whether an unfinished match at this position may have reached its value."""
        in_value = self._all_value.match(text, at, partial=True) or self._led.match(text, at)
        return in_value is not None


def _by_first(patterns: Sequence[Pattern]) -> dict[str, list[_Automaton]]:
    """The patterns that may begin with each character."""
    firsts = {
        pattern: frozenset(c for c in _PRINTABLE if alone.match(c, partial=True))
        for pattern, alone in ((pattern, _compile(_group(pattern))) for pattern in patterns)
    }
    many = [pattern for pattern in patterns if len(firsts[pattern]) > _FEW]
    automata: dict[tuple[Pattern, ...], _Automaton] = {(): _Automaton(many)} if many else {}
    table: dict[str, list[_Automaton]] = {}
    for character in _PRINTABLE:
        own = tuple(p for p in patterns if character in firsts[p] and len(firsts[p]) <= _FEW)
        shared = any(character in firsts[pattern] for pattern in many)
        keys = [()] * shared + [own] * bool(own)
        table[character] = [
            automata[key] if key in automata else automata.setdefault(key, _Automaton(key))
            for key in keys
        ]
    return table


def _group(pattern: Pattern) -> str:
    return f"(?:{pattern.expression})"


def _union(expressions: Iterable[str]) -> str:
    """An expression for any of them; without any, one that never matches."""
    return f"(?:{'|'.join(expressions) or '(?!)'})"


def _unfinished(expressions: Iterable[str]) -> regex.Pattern[str]:
    return _compile(_union(expressions) + r"\uffff(?<!\uffff)")


def _compile(expression: str) -> regex.Pattern[str]:
    return regex.compile(expression, regex.ASCII)
