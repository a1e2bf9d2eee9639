"""Estimates what a request will cost in tokens, before anything has counted them. Pure.

Cost = prompt tokens that the prefix cache does not hold + expected output. All three factors are
learned per kind from the engine's own counts of finished requests, as exponentially weighted means.
They are means because the sum over many requests matters, which a high quantile would overstate.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.ports import Demand, Work
from backend.protocol.wire import Usage

EXPECTED_OUTPUT = 256.0  # tokens, until a first answer of the kind has ended
_NEWEST = 0.05  # weight of the newest of many requests
_FAST = 0.1  # this quantile of service times counts as the fastest possible
_STEP = 0.02  # by which the quantile's logarithm moves, per request


@dataclass(slots=True)
class _Mean:
    """The plain mean of the first 20 samples, exponentially weighted from there on."""

    value: float = 0.0
    count: int = 0

    def add(self, sample: float) -> None:
        self.count += 1
        self.value += (sample - self.value) * max(1 / self.count, _NEWEST)


@dataclass(slots=True)
class _Quantile:
    """Stochastic approximation (H. Robbins, S. Monro, 1951) on the logarithm, at any scale."""

    value: float = 0.0

    def add(self, sample: float) -> None:
        if self.value <= 0:
            self.value = sample
        else:
            self.value *= math.exp(_STEP * (_FAST - (sample < self.value)))


@dataclass(slots=True)
class _Learned:
    overhead: _Mean = field(default_factory=_Mean)  # prompt tokens beyond what the client sent
    cached: _Mean = field(default_factory=_Mean)  # share of the prompt
    output: _Mean = field(default_factory=_Mean)
    service_s: _Quantile = field(default_factory=_Quantile)


class Costs:
    def __init__(self, kinds: Iterable[Work]) -> None:
        self._learned = {kind: _Learned() for kind in kinds}

    def estimate(self, demand: Demand) -> float:
        learned = self._learned[demand.kind]
        prompt = max(1.0, demand.prompt_tokens + learned.overhead.value)
        output = learned.output.value if learned.output.count else EXPECTED_OUTPUT
        return prompt * (1 - learned.cached.value) + min(demand.max_tokens, output)

    def fastest_s(self, demand: Demand) -> float:
        """The time that the fastest tenth of its kind takes; 0 until one answer is known."""
        return self._learned[demand.kind].service_s.value

    def learn(self, demand: Demand, usage: Usage, service_s: float) -> None:
        """Learns from a request that ran to its end.

        A generator without a tokenizer counts no tokens, so only its time is learned.
        """
        learned = self._learned[demand.kind]
        learned.service_s.add(service_s)
        if usage.prompt_tokens:
            learned.overhead.add(usage.prompt_tokens - demand.prompt_tokens)
            learned.cached.add(usage.cached_tokens / usage.prompt_tokens)
            learned.output.add(usage.completion_tokens)


def spent(usage: Usage) -> int:
    """The tokens that a request has cost in the end."""
    return usage.prompt_tokens - usage.cached_tokens + usage.completion_tokens
