"""A clock that runs as fast as its events can be processed."""

import heapq
import itertools
from collections.abc import Callable


class Event:
    """Something that happens later, unless it is called off."""

    __slots__ = ("happen",)

    def __init__(self, happen: Callable[[], None]) -> None:
        self.happen: Callable[[], None] | None = happen

    def call_off(self) -> None:
        self.happen = None


class Clock:
    """``now`` is in seconds. Events due at the same time happen in the order of scheduling."""

    def __init__(self) -> None:
        self.now = 0.0
        self._serial = itertools.count()
        self._due: list[tuple[float, int, Event]] = []

    def at(self, when: float, happen: Callable[[], None]) -> Event:
        event = Event(happen)
        heapq.heappush(self._due, (max(when, self.now), next(self._serial), event))
        return event

    def run(self, until: float) -> None:
        """Lets everything happen that is due by then."""
        while self._due and self._due[0][0] <= until:
            self.now, _, event = heapq.heappop(self._due)
            if event.happen is not None:
                event.happen()
        self.now = max(self.now, until)
