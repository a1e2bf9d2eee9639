"""A token bucket, which says how long to wait. Pure: every method is told the time."""


class Pace:
    """``burst`` at once, then ``per_second``. A caller that is too fast waits; none is refused."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = 0.0

    def wait_s(self, now: float, amount: float = 1.0) -> float:
        """Takes this many, and returns how long to wait first."""
        filled = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._left = filled - amount
        self._at = now
        return max(0.0, -self._left / self._per_second)
