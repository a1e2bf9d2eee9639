"""Names that abbreviate words: ``irfft`` is inverse, real, fft; ``cumsum`` cumulative sum. Pure."""

from collections.abc import Sequence

_LONGEST = 24  # characters of a name that is worth trying
_WHOLE = 3  # characters; at least one word is spelled this far


def spelled(name: str, words: Sequence[str]) -> int:
    """The fewest beginnings of words that a name is made of; 0 when some of it is left over.

    One of the pieces must be as long as ``_WHOLE`` characters, since single letters begin some
    word of any question. A name that is itself one of the words abbreviates nothing.
    """
    if not _WHOLE <= len(name) <= _LONGEST or name in words:
        return 0
    never = len(name) + 1
    # The fewest pieces up to each character, without and with one that is long enough.
    short, whole = [0] + [never] * len(name), [never] * (len(name) + 1)
    for at in range(len(name)):
        for size in {_common(name, at, word) for word in words}:
            for length in range(1, size + 1):
                end = at + length
                whole[end] = min(whole[end], whole[at] + 1)
                if length >= _WHOLE:
                    whole[end] = min(whole[end], short[at] + 1)
                else:
                    short[end] = min(short[end], short[at] + 1)
    return whole[-1] if whole[-1] < never else 0


def _common(name: str, at: int, word: str) -> int:
    """How many characters of the word stand in the name from ``at`` on."""
    size = 0
    while size < len(word) and at + size < len(name) and name[at + size] == word[size]:
        size += 1
    return size
