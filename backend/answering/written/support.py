"""Which passages support a statement or a block of code. Pure.

A model cites when it feels like it, and a small one cites what it did not read. So the system
decides: a passage supports a sentence that names its entry, or that mostly uses its words.
"""

import re
from collections.abc import Sequence

from indexer.ranking.words import resolved, terms
from indexer.types import Passage

_MOST = 2  # citations of one sentence
_SAID = 0.6  # of a sentence's terms that a passage has, where it names no entry
_CLAIMED = 0.35  # the same, where the model itself cited the passage
_LEAST_TERMS = 4  # fewer stand in any passage by chance
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_QUOTED = re.compile(r"`([^`\n]{1,200})`")
_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*+(?:\.\w++)*+)\(")


class Support:
    """The passages of one answer, each with the number of its citation."""

    def __init__(self, passages: Sequence[Passage], numbers: Sequence[int]) -> None:
        self._entries: dict[str, list[tuple[str, int]]] = {}
        self._texts: list[tuple[frozenset[str], int]] = []
        self._packages: set[str] = set()
        for passage, number in zip(passages, numbers, strict=True):
            chunk = passage.chunk
            if chunk.symbol:
                last = chunk.symbol.rpartition(".")[2].lower()
                self._packages.add(chunk.symbol.partition(".")[0].lower())
                self._entries.setdefault(last, []).append((chunk.symbol.lower(), number))
            said = f"{chunk.title} {chunk.section} {chunk.summary} {chunk.text}"
            self._texts.append((frozenset(terms(said)), number))

    def of_sentence(self, sentence: str, claimed: Sequence[int] = ()) -> list[int]:
        """Numbers of the passages behind a sentence, best first; ``claimed`` the model wrote."""
        found = self._named(_names(sentence))
        wanted = set(terms(sentence))
        if not found and len(wanted) >= _LEAST_TERMS:
            shares = [(len(wanted & text) / len(wanted), number) for text, number in self._texts]
            shares.sort(key=lambda each: -each[0])
            found = [number for share, number in shares if share >= _CLAIMED and number in claimed]
            found = found or [number for share, number in shares[:1] if share >= _SAID]
        return list(dict.fromkeys(found))[:_MOST]

    def of_code(self, code: str) -> list[int]:
        """Numbers of the passages whose entry a block of code calls."""
        return list(dict.fromkeys(self._named(_CALLED.findall(code))))[:_MOST]

    def _named(self, names: Sequence[str]) -> list[int]:
        """Of several entries with one last name that which fits best."""
        found = []
        for name in names:
            whole = resolved(name.strip(".")).lower()
            head, _, last = whole.rpartition(".")
            entries = self._entries.get(last, [])
            fits = [number for symbol, number in entries if _ends(symbol, whole)]
            # The method of an object, ``a.fill``; but ``numpy.fill`` is none of numpy's.
            if not fits and head and head.partition(".")[0] not in self._packages:
                fits = [number for _, number in entries]
            found += fits[:1]
        return found


def _ends(symbol: str, name: str) -> bool:
    return symbol == name or symbol.endswith(f".{name}")


def _names(sentence: str) -> list[str]:
    """What a sentence names as code: in backticks, with a dot, or with a bracket after it."""
    quoted = [name for code in _QUOTED.findall(sentence) for name in _NAME.findall(code)[:1]]
    plain = _QUOTED.sub(" ", sentence)
    dotted = [name for name in _NAME.findall(plain) if "." in name]
    return [*quoted, *dotted, *_CALLED.findall(plain)]
