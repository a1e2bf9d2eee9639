"""Judges whether a text tries to instruct a model instead of informing a reader. Pure.

These are heuristics. Each matching rule of ``indexer.screening.rules`` is a sign with a weight, and
nearby signs of different kinds add up. One clear sign is enough; a manual that says "ignore the
previous line" has none. Disguises are undone first: zero-width characters, look-alike letters,
Unicode tags, base64. Every quantifier is bounded, so the time is linear in the text, and
``judging`` pauses often. Passages are judged once, when they are indexed; the backend judges
questions.
"""

import base64
import binascii
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from indexer.screening.rules import REACH, RULES, words_in, worth_trying
from indexer.screening.windows import PIECE, Steps, found, run

ENOUGH = 1.0  # a text with this summed weight is suspicious
NEAR = 600  # characters within which signs add up
_MOST = 32  # matches of one pattern that are examined; more of them say nothing new

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_TAG = 0xE0000  # U+E0020 to U+E007E are invisible copies of ASCII
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u2061\u2062\u2063\u2064")
_HIDES = re.compile(r"(?<=[A-Za-z])[\u200b-\u200d\u2060\ufeff\u00ad]{1,400}+(?=[A-Za-z])")
_TAGGED = re.compile(r"[\U000e0020-\U000e007e]{4,400}+")
_MIXED_WORD = re.compile(r"\b(?=\w{0,40}[a-zA-Z])(?=\w{0,40}[\u0370-\u04ff])\w{2,40}")
_LOOK_ALIKE = str.maketrans(
    "авеікмнорстухсјѕԁһԛԝАВЕІКМНОРСТУХЅЈοανιρυτκΑΒΕΗΙΚΜΝΟΡΤΥΧΖ",
    "abeikmhopctyxcjsdhqwABEIKMHOPCTYXSJoavipytkABEHIKMNOPTYXZ",
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,4000}={0,2}")
_UNSEEN = 2_000  # characters that are read of a comment, or of an element that is not shown
_LINK = re.compile(r"\[(?://|comment)\]:\s{0,3}[#<>]{0,2}\s{0,3}[(\"'][^\n]{1,500}", re.IGNORECASE)
_TAG_OPENS = re.compile(r"<(\w{1,10}+)([^<>]{1,400}+)>")
_NOT_SHOWN = re.compile(
    r"display\s?:\s?none|font-size\s?:\s?0|visibility\s?:\s?hidden|opacity\s?:\s?0\b|\bhidden\b",
    re.IGNORECASE,
)
_ADDRESSEE = re.compile(
    r"\b(?:assistants?|language models?|llms?|ai (?:agents?|models?|systems?)|ais?|chat ?bots?|"
    r"system prompt|the user's question)\b",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[.!?。!?]+(?=\s|$)|\n")
_SENTENCE = 600  # characters on either side in which the sentence is searched


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of an injection, at a half-open range of characters."""

    start: int
    end: int
    kind: str
    weight: float
    rule: int = -1  # number of the rule that found it


def suspicion(text: str) -> str:
    """The kinds of signs that make the text suspicious; "" when it is not."""
    return ", ".join(dict.fromkeys(sign.kind for sign in suspects(text)))


def suspects(text: str) -> list[Sign]:
    """The signs, in order, that are enough together; none when no neighbourhood has enough."""
    return run(judging(text))


def judging(text: str) -> Steps[list[Sign]]:
    """Does what ``suspects`` does, with pauses."""
    signs = sorted((yield from _signs(text)), key=lambda sign: sign.start)
    guilty: set[Sign] = set()
    starts = [sign.start for sign in signs]
    for number, sign in enumerate(signs):
        near = signs[number : bisect_right(starts, sign.start + NEAR)]
        if _enough(near):
            guilty.update(near)
        yield
    return [sign for sign in signs if sign in guilty]


def _enough(signs: list[Sign]) -> bool:
    """Whether the signs add up. Of overlapping signs of one kind the heaviest counts, and each
    wording counts once.
    """
    counted: list[Sign] = []
    for sign in sorted(signs, key=lambda sign: -sign.weight):
        if not any(
            sign.kind == other.kind
            and (sign.rule == other.rule or (sign.start < other.end and other.start < sign.end))
            for other in counted
        ):
            counted.append(sign)
            # Weights are decimals: 0.7 + 0.3 must not fall short of 1.
            if round(sum(sign.weight for sign in counted), 6) >= ENOUGH:
                return True  # more would change nothing, and many signs take long
    return False


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The range, extended to the sentence or line around it."""
    before = max(0, start - _SENTENCE)
    first = max((match.end() for match in _BOUNDARY.finditer(text, before, start)), default=before)
    after = _BOUNDARY.search(text, end, min(len(text), end + _SENTENCE))
    last = min(len(text), end + _SENTENCE) if after is None else after.start()
    if after is not None and after[0] != "\n":
        last = after.end()
    while first < start and text[first].isspace():
        first += 1
    return first, last


def _signs(text: str) -> Steps[list[Sign]]:
    plain, origin = yield from _undisguised(text)
    signs = []
    for number in (yield from _worth_trying(plain)):
        rule = RULES[number]
        for match in (yield from _few(rule.pattern, plain, REACH)):
            # A pattern may begin in the space before the words; positions are those of the words.
            start = match.end() - len(match[0].lstrip())
            end = origin(match.end() - 1) + 1
            signs.append(Sign(origin(start), end, rule.kind, rule.weight, number))
    hidden = yield from _hidden(text, signs)
    return [*signs, *hidden, *(yield from _encoded(text))]


def _few(pattern: re.Pattern[str], text: str, reach: int) -> Steps[list[re.Match[str]]]:
    """The first matches."""
    matches: list[re.Match[str]] = []
    for match in found(pattern, text, reach):
        if match is None:
            yield
        else:
            matches.append(match)
            if len(matches) == _MOST:
                break
    return matches


def _worth_trying(plain: str) -> Steps[list[int]]:
    """The rules that may match, by the words in each piece. Pieces overlap by more than a word."""
    present: set[str] = set()
    for start in range(0, len(plain), PIECE):
        present |= words_in(plain[start : start + PIECE + REACH])
        yield
    return worth_trying(present)


def _hidden(text: str, found_in_it: list[Sign]) -> Steps[list[Sign]]:
    """Text that no reader sees, and whether it speaks to a model."""
    signs = []
    if not text.isascii():
        tagged = yield from _few(_TAGGED, text, 500)
        signs += [Sign(*match.span(), "hidden text", ENOUGH) for match in tagged]
        hides = yield from _few(_HIDES, text, 500)
        signs += [Sign(*match.span(), "hidden text", 0.4) for match in hides]
    ranges = yield from _unseen(text)
    for start, end in ranges:
        speaks = any(start <= sign.start < end for sign in found_in_it)
        if speaks or _ADDRESSEE.search(text, start, end):
            signs.append(Sign(start, end, "hidden text", 0.6))
        yield
    return signs


def _unseen(text: str) -> Steps[list[tuple[int, int]]]:
    """Comments, comments of Markdown, and elements whose style hides them; only the first few.

    Each end is searched with ``str.find``. An expression would read on for thousands of characters
    behind every beginning that has no end.
    """
    ranges = [match.span() for match in (yield from _few(_LINK, text, 600))]
    if "<" not in text:
        return ranges
    comments = elements = 0
    at = text.find("<!--")
    while at >= 0 and comments < _MOST:
        end = text.find("-->", at + 5, at + 4 + _UNSEEN + 3)
        if end >= 0:
            ranges.append((at, end + 3))
            comments += 1
        yield
        at = text.find("<!--", max(end, at + 4))
    folded = text.lower()
    folded = folded if len(folded) == len(text) else text  # a few letters become two characters
    for tag in found(_TAG_OPENS, text, 500):
        if tag is None:
            yield
        elif elements < _MOST and _NOT_SHOWN.search(tag[2]):
            end = folded.find(f"</{tag[1].lower()}>", tag.end() + 1, tag.end() + _UNSEEN)
            if end >= 0:
                ranges.append((tag.start(), end + len(tag[1]) + 3))
                elements += 1
    return ranges


def _encoded(text: str) -> Steps[list[Sign]]:
    """Base64 that contains an injection."""
    signs = []
    for match in (yield from _few(_BASE64, text, 4_100)):
        whole = match[0].rstrip("=")
        whole = whole[: len(whole) - (len(whole) % 4 == 1)]
        yield
        try:
            decoded = base64.b64decode(whole + "=" * (-len(whole) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        # It does not recurse: base64 inside base64 is not decoded.
        plain, _ = yield from _undisguised(decoded)
        rules = (RULES[number] for number in worth_trying(words_in(plain)))
        if any(rule.weight >= ENOUGH and rule.pattern.search(plain) for rule in rules):
            signs.append(Sign(*match.span(), "encoded instruction", ENOUGH))
    return signs


class _Origin:
    """Maps positions in the undisguised text to positions in the original."""

    def __init__(self) -> None:
        self._there = [0]
        self._here = [0]

    def mark(self, there: int, here: int) -> None:
        """From ``there`` on, the undisguised text follows the original from ``here`` on."""
        self._there.append(there)
        self._here.append(here)

    def __call__(self, position: int) -> int:
        mark = bisect_right(self._there, position) - 1
        return self._here[mark] + position - self._there[mark]


def _undisguised(text: str) -> Steps[tuple[str, _Origin]]:
    """The text in lower case, with compatibility forms resolved, look-alikes and tags read, and
    invisible characters removed.
    """
    origin = _Origin()
    if text.isascii():
        return text.lower(), origin
    words: list[str] = []
    position = 0
    for word in found(_MIXED_WORD, text, 100):
        if word is None:
            yield
        else:
            words += [text[position : word.start()], word[0].translate(_LOOK_ALIKE)]
            position = word.end()
    text = "".join([*words, text[position:]])
    parts: list[str] = []
    position = length = 0
    for match in found(_NON_ASCII, text, 1):
        if match is None:
            yield
            continue
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
