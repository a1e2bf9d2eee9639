"""Whether a text tries to instruct a model instead of informing a reader. Pure.

Heuristics: each rule of ``indexer.suspicion_rules`` that matches is a sign with a weight, and
signs of different kinds that stand near each other add up. One clear sign is enough; a manual that
says "ignore the previous line" has none. What is disguised is undone first: zero-width
characters, look-alike letters, Unicode tags, base64. Every quantifier is bounded, so the time is
linear in the text. Passages are judged once, when they are indexed; the backend judges questions.
"""

import base64
import binascii
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from indexer.suspicion_rules import RULES, worth_trying

ENOUGH = 1.0  # summed weight from which a text is suspicious
NEAR = 600  # characters within which signs add up
_MOST = 32  # matches of one pattern that are looked at: more of them say nothing new

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_TAG = 0xE0000  # U+E0020 to U+E007E repeat ASCII, invisibly
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u2061\u2062\u2063\u2064")
_HIDES = re.compile(r"(?<=[A-Za-z])[\u200b-\u200d\u2060\ufeff\u00ad]+(?=[A-Za-z])")
_TAGGED = re.compile(r"[\U000e0020-\U000e007e]{4,}")
_MIXED_WORD = re.compile(r"\b(?=\w{0,40}[a-zA-Z])(?=\w{0,40}[\u0370-\u04ff])\w{2,40}")
_LOOK_ALIKE = str.maketrans(
    "авеікмнорстухсјѕԁһԛԝАВЕІКМНОРСТУХЅЈοανιρυτκΑΒΕΗΙΚΜΝΟΡΤΥΧΖ",
    "abeikmhopctyxcjsdhqwABEIKMHOPCTYXSJoavipytkABEHIKMNOPTYXZ",
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,4000}={0,2}")
_HIDDEN = re.compile(
    r"<!--(?P<comment>.{1,2000}?)-->"
    r"|\[(?://|comment)\]:\s{0,3}[#<>]{0,2}\s{0,3}[(\"'](?P<link>[^\n]{1,500})"
    r"|<(\w{1,10})[^>]{0,200}(?:display\s?:\s?none|font-size\s?:\s?0|visibility\s?:\s?hidden|"
    r"opacity\s?:\s?0\b|\bhidden\b)[^>]{0,200}>(?P<styled>.{1,2000}?)</\3>",
    re.DOTALL | re.IGNORECASE,
)
_ADDRESSEE = re.compile(
    r"\b(?:assistants?|language models?|llms?|ai (?:agents?|models?|systems?)|ais?|chat ?bots?|"
    r"system prompt|the user's question)\b",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[.!?。!?]+(?=\s|$)|\n")
_SENTENCE = 600  # characters that a sentence is looked for in, on either side


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks for an injection, at a half-open range of characters."""

    start: int
    end: int
    kind: str
    weight: float
    rule: int = -1  # which of the rules found it


def suspicion(text: str) -> str:
    """Why the text is suspicious, as kinds of signs, or empty."""
    return ", ".join(dict.fromkeys(sign.kind for sign in suspects(text)))


def suspects(text: str) -> list[Sign]:
    """The signs, in order, that together are enough; none when no neighbourhood has enough."""
    signs = sorted(_signs(text), key=lambda sign: sign.start)
    guilty: set[Sign] = set()
    starts = [sign.start for sign in signs]
    for number, sign in enumerate(signs):
        near = signs[number : bisect_right(starts, sign.start + NEAR)]
        if _weight(near) >= ENOUGH:
            guilty.update(near)
    return [sign for sign in signs if sign in guilty]


def _weight(signs: list[Sign]) -> float:
    """Their sum; of those of one kind that overlap, the heaviest counts, and each wording once."""
    counted: list[Sign] = []
    for sign in sorted(signs, key=lambda sign: -sign.weight):
        if not any(
            sign.kind == other.kind
            and (sign.rule == other.rule or (sign.start < other.end and other.start < sign.end))
            for other in counted
        ):
            counted.append(sign)
    # Weights are decimals: 0.7 + 0.3 must not fall short of 1.
    return round(sum(sign.weight for sign in counted), 6)


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The range widened to the sentence or line that it stands in."""
    before = max(0, start - _SENTENCE)
    first = max((match.end() for match in _BOUNDARY.finditer(text, before, start)), default=before)
    after = _BOUNDARY.search(text, end, min(len(text), end + _SENTENCE))
    last = min(len(text), end + _SENTENCE) if after is None else after.start()
    if after is not None and after[0] != "\n":
        last = after.end()
    while first < start and text[first].isspace():
        first += 1
    return first, last


def _signs(text: str) -> Iterator[Sign]:
    plain, origin = _undisguised(text)
    found = []
    for number in worth_trying(plain):
        rule = RULES[number]
        for match in islice(rule.pattern.finditer(plain), _MOST):
            # Patterns may begin in the space before the words; positions are those of the words.
            start = match.end() - len(match[0].lstrip())
            end = origin(match.end() - 1) + 1
            found.append(Sign(origin(start), end, rule.kind, rule.weight, number))
    yield from found
    yield from _hidden(text, found)
    yield from _encoded(text)


def _hidden(text: str, found: list[Sign]) -> Iterator[Sign]:
    """What no reader sees, and whether it speaks to a model."""
    if not text.isascii():
        for match in islice(_TAGGED.finditer(text), _MOST):
            yield Sign(*match.span(), "hidden text", ENOUGH)
        for match in islice(_HIDES.finditer(text), _MOST):
            yield Sign(*match.span(), "hidden text", 0.4)
    for match in islice(_HIDDEN.finditer(text), _MOST):
        start, end = match.span()
        speaks = any(start <= sign.start < end for sign in found)
        if speaks or _ADDRESSEE.search(text, start, end):
            yield Sign(start, end, "hidden text", 0.6)


def _encoded(text: str) -> Iterator[Sign]:
    """Base64 that holds an injection."""
    for match in islice(_BASE64.finditer(text), _MOST):
        whole = match[0].rstrip("=")
        whole = whole[: len(whole) - (len(whole) % 4 == 1)]
        try:
            decoded = base64.b64decode(whole + "=" * (-len(whole) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        # Not recursive: base64 in base64 is not looked into.
        plain, _ = _undisguised(decoded)
        if any(rule.weight >= ENOUGH and rule.pattern.search(plain) for rule in RULES):
            yield Sign(*match.span(), "encoded instruction", ENOUGH)


class _Origin:
    """From positions in the undisguised text to those in the text itself."""

    def __init__(self) -> None:
        self._there = [0]
        self._here = [0]

    def mark(self, there: int, here: int) -> None:
        """From ``there`` on the undisguised text runs along the text from ``here`` on."""
        self._there.append(there)
        self._here.append(here)

    def __call__(self, position: int) -> int:
        mark = bisect_right(self._there, position) - 1
        return self._here[mark] + position - self._there[mark]


def _undisguised(text: str) -> tuple[str, _Origin]:
    """Lower case, compatibility forms resolved, look-alikes and tags read, the invisible gone."""
    origin = _Origin()
    if text.isascii():
        return text.lower(), origin
    text = _MIXED_WORD.sub(lambda match: match[0].translate(_LOOK_ALIKE), text)
    parts: list[str] = []
    position = length = 0
    for match in _NON_ASCII.finditer(text):
        between = text[position : match.start()].lower()
        plain = _plain(match[0])
        parts += [between, plain]
        length += len(between) + len(plain)
        position = match.end()
        if len(plain) != 1:
            origin.mark(length, position)
    parts.append(text[position:].lower())
    return "".join(parts), origin


def _plain(character: str) -> str:
    if character in _INVISIBLE:
        return ""
    code = ord(character)
    if _TAG + 0x20 <= code <= _TAG + 0x7E:
        return chr(code - _TAG).lower()
    return unicodedata.normalize("NFKC", character).lower()
