"""Divides the engines among the gateways that share them. Pure.

One ledger lends the slots of all engines to the gateways, and each gateway admits requests within
its loan without asking anybody. A gateway renews its loan now and then, and at once when its
requests wait; it reports what it uses and what it wants. The ledger gives it the max-min fair
share, weighted by its users. Half of what is left over is lent in advance, in equal parts, so that
the next question finds a slot at once.

A slot is lent to one gateway at a time. A slot that a gateway was asked to return counts as lent
until the gateway confirms it. The slots of a gateway that went silent are free after ``TTL_S``.
Nothing has to be stored: a ledger that starts again lends nothing until every gateway has told
what it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TTL_S = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one gateway reports, in slots. A slot stands for its share of the tokens too."""

    gateway: str
    using: int  # by requests that run
    wanting: int  # by requests that wait
    users: int  # who have requests here
    holding: int  # on loan


@dataclass(frozen=True, slots=True)
class Grant:
    """``slots`` of ``capacity``, which ``gateways`` share."""

    slots: int
    capacity: int
    gateways: int


@dataclass(slots=True)
class _Loan:
    report: Report
    lent: int
    until: float
    favoured: int = 0  # the turn in which it last got a slot that does not divide evenly


class Ledger:
    """Every ``now`` is in seconds, on the same clock."""

    def __init__(self, now: float, capacity: int = 0) -> None:
        self.capacity = capacity
        self._loans: dict[str, _Loan] = {}
        self._opens_at = now + TTL_S
        self._turn = 0

    @property
    def lent(self) -> int:
        return sum(loan.lent for loan in self._loans.values())

    def renew(self, now: float, report: Report) -> Grant:
        """What the gateway may use from now on."""
        for silent in [name for name, each in self._loans.items() if each.until <= now]:
            del self._loans[silent]
        loan = self._loans.setdefault(report.gateway, _Loan(report, 0, 0.0))
        loan.report, loan.until = report, now + TTL_S
        elsewhere = self.lent - loan.lent
        slots = report.holding
        if now >= self._opens_at:
            target, favoured = self._target(report.gateway)
            slots = max(0, min(target, self.capacity - elsewhere))
            if favoured and slots == target:
                self._turn += 1
                loan.favoured = self._turn
        loan.lent = max(slots, report.holding, report.using)
        return Grant(slots, self.capacity, len(self._loans))

    def _target(self, gateway: str) -> tuple[int, bool]:
        """How many slots the gateway should have, and whether one of them was left over."""
        wants = {
            name: (each.report.using + each.report.wanting, max(1, each.report.users))
            for name, each in self._loans.items()
        }
        shares = {name: int(share) for name, share in max_min(self.capacity, wants).items()}
        left = self.capacity - sum(shares.values())
        short = [name for name, (want, _) in wants.items() if shares[name] < want]
        short.sort(key=lambda name: self._loans[name].favoured)
        if short:
            favoured = gateway in short[:left]
            return shares[gateway] + favoured, favoured
        return shares[gateway] + left // 2 // len(shares), False


def max_min(capacity: float, wants: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Divides ``capacity`` among pairs of (want, weight).

    Nobody gets more than it wants. Nobody gets less, per weight, than somebody who gets more
    (D. Bertsekas, R. Gallager, "Data Networks", 6.5.2).
    """
    shares: dict[str, float] = {}
    left, open_ = capacity, dict(wants)
    while open_:
        per_weight = left / sum(weight for _, weight in open_.values())
        content = [name for name, (want, weight) in open_.items() if want <= per_weight * weight]
        for name in content or list(open_):
            want, weight = open_.pop(name)
            shares[name] = min(want, per_weight * weight)
        left = capacity - sum(shares.values())
    return shares
