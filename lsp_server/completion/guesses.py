"""What was completed before, what is being completed, and how long to wait. Pure but for the clock.

A completion is remembered with the place it was made for. Somebody who types what it says is still
in the same place: what is left of it is the answer.
"""

from collections import OrderedDict
from dataclasses import dataclass

REMEMBERED = 200
_TAIL = 400  # characters before the cursor that must be the same
_HEAD = 100  # … and after it


@dataclass(frozen=True, slots=True)
class Spot:
    """A cursor: how far into which document, and what stands around it."""

    uri: str
    offset: int
    prefix: str
    suffix: str

    def typed_since(self, before: "Spot", most: int) -> str | None:
        """What was typed since ``before``, at most so much; None if anything else has changed."""
        count = self.offset - before.offset
        if self.uri != before.uri or not 0 <= count <= most:
            return None
        typed = self.prefix[len(self.prefix) - count :]
        tail = (before.prefix + typed)[-_TAIL:]
        if not self.prefix.endswith(tail) or self.suffix[:_HEAD] != before.suffix[:_HEAD]:
            return None
        return typed


class Memory:
    """The completions made last, the newest ``REMEMBERED``."""

    def __init__(self) -> None:
        self._made: OrderedDict[Spot, str] = OrderedDict()

    def add(self, spot: Spot, text: str) -> None:
        self._made[spot] = text
        self._made.move_to_end(spot)
        if len(self._made) > REMEMBERED:
            self._made.popitem(last=False)

    def recall(self, spot: Spot) -> str | None:
        """What is left of a completion; empty where one was made and there is nothing to add."""
        for before in reversed(self._made):
            text = self._made[before]
            typed = spot.typed_since(before, len(text))
            if typed is not None and text.startswith(typed) and (typed != text or not typed):
                self._made.move_to_end(before)
                return text[len(typed) :]
        return None


def goes_on(spot: Spot, before: Spot, text: str, most: int = 1000) -> bool:
    """Whether a completion under way, ``text`` so far, may still be one for ``spot``."""
    typed = spot.typed_since(before, most)
    return typed is not None and (text.startswith(typed) or typed.startswith(text))


class Pause:
    """How long to wait before the backend is asked, in seconds.

    Short for somebody who takes completions, longer with each one that is shown and not taken.
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
