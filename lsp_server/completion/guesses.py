"""Remembers completions, and says how long to wait before the next one. Pure but for the clock.

A completion is remembered with its cursor. A user who types what it says is still at that cursor,
so the rest of the completion is the answer.
"""

from collections import OrderedDict
from dataclasses import dataclass

REMEMBERED = 200
_TAIL = 400  # characters before the cursor that must be equal
_HEAD = 100  # characters after the cursor that must be equal


@dataclass(frozen=True, slots=True)
class Spot:
    """A cursor: its offset in a document, and the text before and after it."""

    uri: str
    offset: int
    prefix: str
    suffix: str

    def typed_since(self, before: "Spot", most: int) -> str | None:
        """The text typed since ``before``, at most ``most`` characters; None if anything else
        changed.
        """
        count = self.offset - before.offset
        if self.uri != before.uri or not 0 <= count <= most:
            return None
        typed = self.prefix[len(self.prefix) - count :]
        tail = (before.prefix + typed)[-_TAIL:]
        if not self.prefix.endswith(tail) or self.suffix[:_HEAD] != before.suffix[:_HEAD]:
            return None
        return typed


class Memory:
    """Keeps the newest ``REMEMBERED`` completions."""

    def __init__(self) -> None:
        # It is no LRU cache of a library, because ``recall`` looks through it from the newest on.
        self._made: OrderedDict[Spot, str] = OrderedDict()

    def add(self, spot: Spot, text: str) -> None:
        self._made[spot] = text
        self._made.move_to_end(spot)
        if len(self._made) > REMEMBERED:
            self._made.popitem(last=False)

    def recall(self, spot: Spot) -> str | None:
        """The rest of a remembered completion; "" when one was made and nothing is to be added."""
        for before in reversed(self._made):
            text = self._made[before]
            typed = spot.typed_since(before, len(text))
            if typed is not None and text.startswith(typed) and (typed != text or not typed):
                self._made.move_to_end(before)
                return text[len(typed) :]
        return None


def goes_on(spot: Spot, before: Spot, text: str, most: int = 1000) -> bool:
    """Whether a completion under way, ``text`` so far, may still fit ``spot``."""
    typed = spot.typed_since(before, most)
    return typed is not None and (text.startswith(typed) or typed.startswith(text))


class Pause:
    """How many seconds to wait before asking the backend.

    The wait is short for users who take completions. It grows with each completion that is shown
    and not taken.
    """

    SHORTEST_S = 0.075
    LONGEST_S = 0.6
    GROWTH = 1.25

    def __init__(self) -> None:
        self._ignored = 0

    @property
    def seconds(self) -> float:
        return min(self.LONGEST_S, self.SHORTEST_S * self.GROWTH ** min(self._ignored, 32))

    def shown(self) -> None:
        self._ignored += 1

    def taken(self) -> None:
        self._ignored = 0
