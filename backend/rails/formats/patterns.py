"""Finding what has a format, in whole texts and in texts that are still growing. Pure.

A table of ``Pattern`` (``secret_formats``, ``pii_formats``) says what to find; ``Scanner`` finds
it. Each pattern is searched on its own, so that a candidate its validator rejects hides nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import regex

from backend.ports import Span
from backend.rails.redaction import merge
from indexer.screening.windows import PIECE, Steps, run


@dataclass(frozen=True, slots=True)
class Pattern:
    """One format. Every quantifier is bounded: the tail that a stream holds back is, too.

    The span is the group ``value`` where the expression has one, else the whole match; the group is
    in no other, and what stands before it is nobody's secret. ``hints``: a text without any of
    these literals cannot match. ``validate`` judges the value: checksum, entropy, reserved ranges.
    Lookbehinds see at most ``Scanner.context`` characters, and stand first: after others, ``regex``
    reports partial matches that cannot be, and text waits in vain. ``reach``: more characters than
    a match and what it looks ahead to can take together; long texts are searched in pieces.
    """

    kind: str
    expression: str
    hints: tuple[str, ...] = ()
    validate: Callable[[str], bool] | None = None
    reach: int = 600

    @property
    def lead(self) -> str:
        """What stands before the value; empty where all of the match is it."""
        lead, value, _ = self.expression.partition(_VALUE)
        return lead if value else ""


@dataclass(frozen=True, slots=True)
class Match:
    """What a pattern consumed, and within it what to remove."""

    start: int
    end: int
    span: Span


@dataclass(frozen=True, slots=True)
class Settled:
    """How far a text that goes on is decided.

    No match begins before ``matches`` but those that are there already, and nothing before
    ``shown`` can become part of a value; ``touched`` where a match begins before ``shown``.
    """

    matches: int
    shown: int
    touched: bool


_VALUE = "(?P<value>"

# Where a match may begin: not inside a word, unless at a hump or after an escape, as in
# "dbPassword", r"\nghp_…" and "%20ghp_…".
_BEGIN = r"(?:(?<![A-Za-z0-9])|(?<=[a-z])(?=[A-Z])|(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"
_BEGINNING = regex.compile(_BEGIN + r"[!-~]")
_FEW = 8  # a pattern that more characters may begin is not worth a copy for each of them
_PRINTABLE = tuple(map(chr, range(ord("!"), ord("~") + 1)))


class Scanner:
    """Compiles a table once; has no state, so threads and answers share it."""

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
        """What to remove, in order and apart: overlapping finds are one."""
        return tuple(merge(match.span for match in self.matches(text)))

    def finding(self, text: str) -> Steps[tuple[Span, ...]]:
        """As ``find``, with pauses."""
        matches = yield from self._matching(text, 0)
        return tuple(merge(match.span for match in matches))

    def matches(self, text: str, start: int = 0) -> list[Match]:
        """Every valid match from ``start`` on, in order of the table; they may overlap."""
        return run(self._matching(text, start))

    def _matching(self, text: str, start: int) -> Steps[list[Match]]:
        """In pieces, as ``indexer.screening.windows.found`` does it.

        Of a rejected candidate only the first character is passed over.
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
                        yield  # each of very many candidates takes a while to judge
                position = max(position, edge)
                yield
        return found

    def settled(self, text: str, start: int) -> Settled:
        """Of a text in which matches are looked for from ``start`` on."""
        touched = False
        undecided = len(text)
        for beginning in _BEGINNING.finditer(text, start):
            at = beginning.start()
            for automaton in self._by_first.get(text[at], ()):
                if not automaton.whole.match(text, at, partial=True):
                    continue  # as nearly everywhere: nothing below would match
                if automaton.unfinished.match(text, at, partial=True):
                    undecided = min(undecided, at)
                    if automaton.may_be_in_value(text, at):
                        return Settled(undecided, at, touched)
                touched = touched or automaton.whole.match(text, at) is not None
        return Settled(undecided, len(text), touched)


class _Automaton:
    """Several patterns as one expression.

    ``unfinished`` goes on with a character that never comes, so it has partial matches only: from
    those places where some pattern reaches the end of the text.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.whole = _compile(_union(map(_group, patterns)))
        self.unfinished = _unfinished(map(_group, patterns))
        self._all_value = _unfinished(_group(each) for each in patterns if not each.lead)
        self._led = _compile(_union(each.lead for each in patterns if each.lead))

    def may_be_in_value(self, text: str, at: int) -> bool:
        """Whether what is unfinished there may have got further than to what leads to its value."""
        in_value = self._all_value.match(text, at, partial=True) or self._led.match(text, at)
        return in_value is not None


def _by_first(patterns: Sequence[Pattern]) -> dict[str, list[_Automaton]]:
    """What may begin with each character: all that many may begin, and its own few."""
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
    """Of none of them: what never matches."""
    return f"(?:{'|'.join(expressions) or '(?!)'})"


def _unfinished(expressions: Iterable[str]) -> regex.Pattern[str]:
    return _compile(_union(expressions) + r"\uffff(?<!\uffff)")


def _compile(expression: str) -> regex.Pattern[str]:
    return regex.compile(expression, regex.ASCII)
