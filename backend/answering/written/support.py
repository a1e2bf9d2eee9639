"""Which passages support a statement or a block of code. Pure.

A model cites when it feels like it, and a small one cites what it did not read. So the system
decides: a passage supports a sentence that names its entry, that names what stands in it, or that
mostly uses its words; rare words weigh more. It supports code that calls its entry, or that uses
what stands in it. The shares were chosen with ``glossator eval answers`` (docs/answers.md).
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from indexer.ranking.words import resolved, root, terms
from indexer.types import Passage

_MOST = 2  # citations of one sentence
_SAID = 0.5  # of a sentence's words that a passage has, where it names nothing
_LIKELY = 0.3  # the same for a passage that was cited just before, or by the model
_LIKELIER = 0.15  # the advantage of such a passage over others
_NAMED = 0.5  # of what a sentence names that stands in a passage
_NAMED_SAID = 0.1  # of the words of such a sentence
_CODE = 0.35  # of what a block of code uses
_LEAST_TERMS = 4  # fewer stand in any passage by chance
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_QUOTED = re.compile(r"`([^`\n]{1,200})`")
_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*+(?:\.\w++)*+)\(")
# A name, or an option of a command.
_TOKEN = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*+|[^\W\d]\w*+(?:\.[^\W\d]\w*+)*+")
_COMMON = """
    and as assert async await break class continue def del elif else except false finally for from
    global if import in is lambda none nonlocal not or pass print raise return self true try while
    with yield the a of to array example code your
"""
_SAYING_NOTHING = frozenset(_COMMON.split())

_Words = Mapping[int, frozenset[str]]


class Support:
    """The passages of one answer, each with the number of its citation."""

    def __init__(self, passages: Sequence[Passage], numbers: Sequence[int]) -> None:
        self._entries: dict[str, list[tuple[str, int]]] = {}
        self._packages: set[str] = set()
        texts: dict[int, str] = {}
        for passage, number in zip(passages, numbers, strict=True):
            chunk = passage.chunk
            if chunk.symbol:
                last = chunk.symbol.rpartition(".")[2].lower()
                self._packages.add(chunk.symbol.partition(".")[0].lower())
                self._entries.setdefault(last, []).append((chunk.symbol.lower(), number))
            said = f"{chunk.title} {chunk.section} {chunk.signature} {chunk.summary} {chunk.text}"
            texts[number] = f"{texts.get(number, '')}\n{said}"
        self._texts = texts

    # Reading the passages takes milliseconds, and no delta needs it before the first sentence ends.
    @cached_property
    def _terms(self) -> _Words:
        return {number: _roots(text) for number, text in self._texts.items()}

    @cached_property
    def _tokens(self) -> _Words:
        return {number: _tokens(text) for number, text in self._texts.items()}

    def of_sentence(self, sentence: str, likely: Collection[int] = ()) -> list[int]:
        """Numbers of the passages behind a sentence, best first.

        ``likely`` are numbers that the model wrote, or that the sentence before it has.
        """
        found = self._named(_names(sentence))
        if found:
            return list(dict.fromkeys(found))[:_MOST]
        wanted = _roots(sentence)
        said = _shares(wanted, self._terms)
        named = _tokens(" ".join(_QUOTED.findall(sentence)))
        if named:
            has = _shares(named, self._tokens)
            best = max(has, key=lambda number: (has[number], said[number]), default=0)
            fits = best and has[best] >= _NAMED and said[best] >= _NAMED_SAID
            return [best] if fits else []
        if len(wanted) < _LEAST_TERMS:
            return []
        lead = {number: share + _LIKELIER * (number in likely) for number, share in said.items()}
        best = max(lead, key=lambda number: lead[number], default=0)
        if best and said[best] >= _SAID:
            return [best]
        return [number for number in likely if said.get(number, 0.0) >= _LIKELY][:_MOST]

    def of_code(self, code: str) -> list[int]:
        """Numbers of the passages whose entry a block of code calls.

        Where it calls none, the number of the passage that has most of what it uses.
        """
        found = self._named(_CALLED.findall(code))
        if found:
            return list(dict.fromkeys(found))[:_MOST]
        has = _shares(_tokens(code), self._tokens)
        best = max(has, key=lambda number: has[number], default=0)
        return [best] if best and has[best] >= _CODE else []

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


def _shares(wanted: Collection[str], words: _Words) -> dict[int, float]:
    """How much of what is wanted each passage has; what few of them have weighs more."""
    weights = {}
    for word in wanted:
        having = sum(word in each for each in words.values())
        weights[word] = math.log(1 + len(words) / (having or 0.5))
    whole = sum(weights.values()) or 1.0
    return {
        number: sum(weight for word, weight in weights.items() if word in each) / whole
        for number, each in words.items()
    }


def _roots(text: str) -> frozenset[str]:
    return frozenset(map(root, terms(text)))


def _tokens(text: str) -> frozenset[str]:
    found = frozenset(_TOKEN.findall(text))
    return frozenset(
        each for each in found if len(each) > 1 and each.lower() not in _SAYING_NOTHING
    )


def _ends(symbol: str, name: str) -> bool:
    return symbol == name or symbol.endswith(f".{name}")


def _names(sentence: str) -> list[str]:
    """What a sentence names as code: in backticks, with a dot, or with a bracket after it."""
    quoted = [name for code in _QUOTED.findall(sentence) for name in _NAME.findall(code)[:1]]
    plain = _QUOTED.sub(" ", sentence)
    dotted = [name for name in _NAME.findall(plain) if "." in name]
    return [*quoted, *dotted, *_CALLED.findall(plain)]
