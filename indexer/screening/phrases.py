"""Finds which of many phrases occur in a text, without a search for each of them. Pure.

A phrase occurs only where its longest part without blanks occurs within a word of the text. Texts
repeat their words, so the parts within each word are remembered.
"""

from collections.abc import Collection, Iterator
from functools import lru_cache

_BEGINNING = 3  # characters by which parts are looked up
_LONGEST = 64  # characters of a remembered word; encoded data has longer ones, each only once
_REMEMBERED = 65_536  # words


class Phrases:
    """A fixed set of phrases, with blanks as their only white space. Any thread may use it."""

    def __init__(self, phrases: Collection[str]) -> None:
        self._short: list[str] = []
        self._by_part: dict[str, list[str]] = {}
        for phrase in sorted(set(phrases)):
            part = max(phrase.split(), key=len)
            if len(part) < _BEGINNING:
                self._short.append(phrase)
            else:
                self._by_part.setdefault(part, []).append(phrase)
        self._by_beginning: dict[str, list[str]] = {}
        for part in self._by_part:
            self._by_beginning.setdefault(part[:_BEGINNING], []).append(part)
        self._remembered = lru_cache(_REMEMBERED)(self._parts)

    def within(self, text: str) -> Iterator[str]:
        """The phrases that occur in the text, each once."""
        words = set(text.split())
        parts = frozenset[str]().union(
            *(self._remembered(word) for word in words if len(word) <= _LONGEST),
            *(self._parts(word) for word in words if len(word) > _LONGEST),
        )
        for part in parts:
            for phrase in self._by_part[part]:
                if phrase == part or phrase in text:
                    yield phrase
        for phrase in self._short:
            if phrase in text:
                yield phrase

    def _parts(self, word: str) -> tuple[str, ...]:
        return tuple(
            part
            for at in range(len(word) - _BEGINNING + 1)
            for part in self._by_beginning.get(word[at : at + _BEGINNING], ())
            if word.startswith(part, at)
        )
