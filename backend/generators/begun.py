"""How much of an answer that another engine began can be taken over as it is. Pure.

Token ids and text do not end at the same point. A character may be spread over several tokens, and
text that could be the beginning of a stop string is held back. The part that is taken over ends
where both end, and the few tokens after it are made again.
"""

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]

_CONTEXT = 8  # tokens of the prompt, because some vocabularies write a first token differently
_BROKEN = "\ufffd"  # a decoder writes this for a part of a character


def taken_over(
    decode: Decode, prompt: Sequence[int], begun: tuple[int, ...], stop: Sequence[str]
) -> tuple[tuple[int, ...], str]:
    """The longest usable beginning of ``begun``, and its text.

    The engine sees a stop string only in text that it makes itself. So the end, in which one may
    have begun, is not taken over.
    """
    if not begun:
        return (), ""
    context = list(prompt[-_CONTEXT:])
    before = len(decode(context))

    def text_of(count: int) -> str:
        return decode([*context, *begun[:count]])[before:]

    limit = len(text_of(len(begun))) - max((len(each) - 1 for each in stop), default=0)
    for count in range(len(begun), 0, -1):
        text = text_of(count)
        if len(text) <= limit and not text.endswith(_BROKEN):
            return begun[:count], text
    return (), ""
