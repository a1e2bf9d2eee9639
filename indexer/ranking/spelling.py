"""Recognizes names that words spell: ``irfft`` (inverse, real, fft), ``solve_banded`` (both words).
Pure.
"""

from collections.abc import Sequence

_LONGEST = 24  # names shorter than this (in characters) are not tried
_WHOLE = 3  # at least one word must contribute this many characters


def spelled(name: str, words: Sequence[str]) -> tuple[str, ...]:
    """The fewest words whose beginnings make up the whole name; none when a part is left over.

    One of the pieces must have ``_WHOLE`` characters, because single letters begin words of any
    question.
    """
    letters = name.replace("_", "").replace("-", "").lower()
    if not _WHOLE <= len(letters) <= _LONGEST:
        return ()
    if not any(word.startswith(letters[0]) for word in words):
        return ()  # most names end here soon
    # For each character, the words up to it: without and with a word that is spelled far enough.
    short: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    whole: list[tuple[str, ...] | None] = [None] * (len(letters) + 1)
    for at, letter in enumerate(letters):
        if short[at] is None and whole[at] is None:
            continue  # no words lead to this character
        for word in words:
            if not word.startswith(letter):
                continue
            for length in range(1, _common(letters, at, word) + 1):
                end = at + length
                whole[end] = _fewer(whole[end], whole[at], word)
                if length >= _WHOLE:
                    whole[end] = _fewer(whole[end], short[at], word)
                else:
                    short[end] = _fewer(short[end], short[at], word)
    return whole[-1] or ()


def _fewer(
    known: tuple[str, ...] | None, before: tuple[str, ...] | None, word: str
) -> tuple[str, ...] | None:
    if before is None or (known is not None and len(known) <= len(before) + 1):
        return known
    return (*before, word)


def _common(letters: str, at: int, word: str) -> int:
    """How many characters of the word stand in the letters from ``at`` on."""
    size = 0
    while size < len(word) and at + size < len(letters) and letters[at + size] == word[size]:
        size += 1
    return size
