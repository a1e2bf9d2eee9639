"""Who may use how much of the engines, where several gateways share them. Pure.

One ledger lends the places of all engines to the gateways; each admits within what it was lent,
without asking anybody. A gateway renews now and then, at once when its requests wait, and tells
what it uses and wants. It is given its max-min fair share, weighted by its users, and ahead of any
want an equal part of half of what is left over: a question that comes finds a place at once.

A place is lent to one gateway at a time. What a gateway was asked to return counts as lent until it
says that it has; what a gateway held that went silent is free after ``TTL_S``. Nothing has to be
stored: a ledger that starts anew lends nothing until every gateway has told what it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TTL_S = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """Of one gateway. All in places; a place stands for its share of the engines' tokens too."""

    gateway: str
    using: int  # by what runs
    wanting: int  # by what waits
    users: int  # whose requests these are
    holding: int  # as it was lent


@dataclass(frozen=True, slots=True)
class Grant:
    """``places`` of ``capacity``, which ``gateways`` share."""

    places: int
    capacity: int
    gateways: int


@dataclass(slots=True)
class _Account:
    report: Report
    lent: int
    until: float
    favoured: int = 0  # when it last got one of the places that do not divide evenly


class Ledger:
    """``now`` is in seconds, on one clock."""

    def __init__(self, now: float, capacity: int = 0) -> None:
        self.capacity = capacity
        self._accounts: dict[str, _Account] = {}
        self._opens_at = now + TTL_S
        self._turn = 0

    @property
    def lent(self) -> int:
        return sum(account.lent for account in self._accounts.values())

    def renew(self, now: float, report: Report) -> Grant:
        """What the gateway may use from now on."""
        for silent in [name for name, each in self._accounts.items() if each.until <= now]:
            del self._accounts[silent]
        account = self._accounts.setdefault(report.gateway, _Account(report, 0, 0.0))
        account.report, account.until = report, now + TTL_S
        elsewhere = self.lent - account.lent
        places = report.holding
        if now >= self._opens_at:
            target, favoured = self._target(report.gateway)
            places = max(0, min(target, self.capacity - elsewhere))
            if favoured and places == target:
                self._turn += 1
                account.favoured = self._turn
        account.lent = max(places, report.holding, report.using)
        return Grant(places, self.capacity, len(self._accounts))

    def _target(self, gateway: str) -> tuple[int, bool]:
        """What the gateway should have, and whether one of it is a place that was left over."""
        wants = {
            name: (each.report.using + each.report.wanting, max(1, each.report.users))
            for name, each in self._accounts.items()
        }
        shares = {name: int(share) for name, share in max_min(self.capacity, wants).items()}
        left = self.capacity - sum(shares.values())
        short = [name for name, (want, _) in wants.items() if shares[name] < want]
        short.sort(key=lambda name: self._accounts[name].favoured)
        if short:
            favoured = gateway in short[:left]
            return shares[gateway] + favoured, favoured
        return shares[gateway] + left // 2 // len(shares), False


def max_min(capacity: float, wants: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Divides ``capacity`` among (want, weight): nobody gets more than it wants, and nobody less,
    per weight, than somebody who gets more (D. Bertsekas, R. Gallager, "Data Networks", 6.5.2)."""
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
