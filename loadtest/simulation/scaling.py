"""Scaling policies: ours, Ray's default, and a fixed number of replicas.

All of them see the same figures equally often, and wait equally long for replicas to start.
"""

import math
from collections import deque
from typing import Protocol

from backend.autoscaling import Decision, Limits, Observed, State, decide


class Scaler(Protocol):
    interval_s: float

    def target(self, seen: Observed, requests: int) -> int:
        """How many replicas to ask for. ``requests`` counts all that run or wait."""
        ...


class Fixed:
    def __init__(self, replicas: int) -> None:
        self.interval_s = 60.0
        self._replicas = replicas

    def target(self, seen: Observed, requests: int) -> int:
        return self._replicas


class TokenPressure:
    """``backend.autoscaling`` as it runs on Ray. Keeps every decision that changed something."""

    def __init__(self, limits: Limits) -> None:
        self.interval_s = 2.0
        self.changes: list[tuple[float, Decision]] = []
        self._limits = limits
        self._state = State()

    def target(self, seen: Observed, requests: int) -> int:
        self._state, decision = decide(self._state, seen, self._limits)
        if decision.replicas != decision.current:
            self.changes.append((seen.at_s, decision))
        return decision.replicas


class OngoingRequests:
    """Ray Serve's default policy, with its default delays.

    This is ``ray/serve/autoscaling_policy.py`` of 2.60. It wants as many replicas as bring the mean
    of the ongoing requests of the last 30 s to ``per_replica`` each. It adds replicas once it has
    wanted more for 30 s, and removes them once it has wanted fewer for 600 s. Its default of 2
    requests per replica is for models that answer one at a time; give it what a replica of this
    speed carries.
    """

    def __init__(
        self,
        per_replica: float,
        min_replicas: int,
        max_replicas: int,
        *,
        look_back_s: float = 30.0,
        upscale_delay_s: float = 30.0,
        downscale_delay_s: float = 600.0,
    ) -> None:
        self.interval_s = 2.0
        self._per_replica = per_replica
        self._bounds = min_replicas, max_replicas
        self._look_back_s = look_back_s
        self._delays = {1: upscale_delay_s, -1: downscale_delay_s}
        self._seen: deque[tuple[float, int]] = deque()
        self._wanted: tuple[int, float] | None = None  # direction, since when

    def target(self, seen: Observed, requests: int) -> int:
        self._seen.append((seen.at_s, requests))
        while self._seen[0][0] <= seen.at_s - self._look_back_s:
            self._seen.popleft()
        mean = sum(count for _, count in self._seen) / len(self._seen)
        low, high = self._bounds
        desired = min(max(math.ceil(mean / self._per_replica), low), high)
        direction = (desired > seen.target) - (desired < seen.target)
        if not direction:
            self._wanted = None
            return seen.target
        if self._wanted is None or self._wanted[0] != direction:
            self._wanted = direction, seen.at_s
        if seen.at_s - self._wanted[1] < self._delays[direction]:
            return seen.target
        self._wanted = None
        return desired
