"""How fast the engine works off what is admitted. Pure: driven by explicit ``now``, in seconds."""

import math

_MEMORY_S = 10.0  # what is older than this counts less than a third
_RELEASES = 8  # before so many requests ended, a rate would be a guess


class DrainRate:
    """Tokens per second and place, learned while requests wait: only then the engine is the limit.

    Per place, so that a gateway whose share of the engine changes need not learn anew.
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._tokens = 0.0
        self._place_s = 0.0
        self._releases = 0

    def advance(self, now: float, places: int, *, saturated: bool) -> None:
        """There were so many places since the last call, and requests waited for one, or not."""
        elapsed, self._at = max(0.0, now - self._at), max(now, self._at)
        if saturated:
            keep = math.exp(-elapsed / _MEMORY_S)
            self._tokens *= keep
            self._place_s = self._place_s * keep + elapsed * places

    def release(self, tokens: float) -> None:
        """A request of ``tokens`` ended while others waited."""
        self._tokens += tokens
        self._releases += 1

    def per_s(self, places: int) -> float | None:
        """Tokens per second with so many places; None until it is known."""
        if self._releases < _RELEASES or self._place_s <= 0:
            return None
        return self._tokens / self._place_s * places
