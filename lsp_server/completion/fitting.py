"""Fits a completion into the text around the cursor. Pure."""

import re
from collections.abc import Iterator

from backend.protocol.brackets import Brackets
from backend.protocol.wire import FinishReason

_NOTHING_FOLLOWS = re.compile(r"[\s)\]}\"'`,:;]*")
_LEAST_OVERLAP = 3  # characters that are no coincidence


def ends_line(suffix: str) -> bool:
    """Whether nothing but closing brackets, quotes and punctuation follows on the cursor's line."""
    return _NOTHING_FOLLOWS.fullmatch(suffix.split("\n", 1)[0]) is not None


def whole(text: str, reason: FinishReason) -> str:
    """The part of a completion that may be offered. Half a line is worse than none."""
    match reason:
        case "stop":
            return text
        case "length":
            return text.rpartition("\n")[0]
        case _:  # it was blocked or cancelled
            return ""


def fit(prefix: str, text: str, suffix: str) -> str:
    """Removes from a completion what the document has already: a blank end, and what it repeats
    of the text before and after the cursor.

    What is repeated is removed only if brackets and quotes balance then, or as well as before.
    """
    text = text.rstrip()
    state = Brackets.after(prefix, suffix)

    def unbalanced(text: str) -> int:
        filled = state.copy()
        filled.read(text + suffix)
        return filled.unbalanced

    for candidates in (_without_beginning(prefix, text), _without_end(text, suffix)):
        now = unbalanced(text)
        best = min(candidates, key=lambda each: (unbalanced(each[0]), len(each[0])), default=None)
        if best is not None:
            shorter, sure = best
            then = unbalanced(shorter)
            if then < now or (sure and then == now):
                text = shorter.rstrip()
    return text


def _without_beginning(prefix: str, text: str) -> list[tuple[str, bool]]:
    """The text without the beginning of the user's line, if it begins with all of that."""
    line = prefix.rpartition("\n")[2].strip()
    if len(line) < _LEAST_OVERLAP or not text.lstrip().startswith(line):
        return []
    rest = text.lstrip()[len(line) :]
    return [(rest.lstrip() if prefix[-1:].isspace() else rest, True)]


def _without_end(text: str, suffix: str) -> list[tuple[str, bool]]:
    """The text without what it repeats of the suffix, and whether that is surely no accident."""
    following = suffix.rstrip()
    rest = suffix.split("\n", 1)[0].rstrip()
    found = []
    for length in range(1, min(len(text), len(following)) + 1):
        if text.endswith(following[:length]):
            sure = length >= _LEAST_OVERLAP or following[:length] == rest
            found.append((text[: len(text) - length], sure))
    return [*found, *_without_lines(text, suffix)]


def _without_lines(text: str, suffix: str) -> Iterator[tuple[str, bool]]:
    """The text up to a line from which on it repeats the lines after the cursor's.

    Blank lines and blanks at the ends of lines may differ.
    """
    after = [line.rstrip() for line in suffix.split("\n")[1:] if line.strip()]
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        again = [each.rstrip() for each in lines[number:] if each.strip()]
        count = min(len(again), len(after))
        # One line may well stand there twice. All that follows, and more, is no accident.
        if (
            line.strip()
            and count
            and again[:count] == after[:count]
            and (len(again) <= len(after) or count > 1)
        ):
            yield "\n".join(lines[:number]), True
