"""How fast the engine works through what is admitted. Pure: every ``now`` is given, in seconds."""

import math

_MEMORY_S = 10.0  # anything older than this counts less than a third
_RELEASES = 8  # until so many requests have ended, a rate would be a guess


class DrainRate:
    """Tokens per second and slot.

    The rate is learned while requests wait, because only then the engine is the limit. It is per
    slot, so that a gateway whose share of the engine changes need not learn it again.
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._tokens = 0.0
        self._slot_s = 0.0
        self._releases = 0

    def advance(self, now: float, slots: int, *, saturated: bool) -> None:
        """Notes how many slots there were since the last call, and whether requests waited."""
        elapsed, self._at = max(0.0, now - self._at), max(now, self._at)
        if saturated:
            keep = math.exp(-elapsed / _MEMORY_S)
            self._tokens *= keep
            self._slot_s = self._slot_s * keep + elapsed * slots

    def release(self, tokens: float) -> None:
        """A request of ``tokens`` ended while others waited."""
        self._tokens += tokens
        self._releases += 1

    def per_s(self, slots: int) -> float | None:
        """Tokens per second with this many slots; None until it is known."""
        if self._releases < _RELEASES or self._slot_s <= 0:
            return None
        return self._tokens / self._slot_s * slots
