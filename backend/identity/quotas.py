"""How much each user may ask for. Pure: every method is told the time.

Requests have a token bucket (as in RFC 2697, without colours), and tokens have a sum per day.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from backend.errors import QuotaExceeded
from backend.identity.caller import Account, Caller
from backend.settings import Quotas, Settings

_DAY_S = 86_400.0
_ACCOUNTS = 100_000  # remembered at most; a user who is forgotten starts afresh


@dataclass(slots=True)
class _Balance:
    requests: float  # left in the bucket
    filled_at: float
    day_began: float
    tokens: int = 0  # spent since the day began
    guesses: float = 0.0  # left in their own bucket, which is as large as that of requests


class Accounts:
    """The accounts of all users that one gateway has seen.

    Times are in seconds, on any clock. A caller without an account is not limited. ``tenants``
    have the quotas of tenants whose users have others.
    """

    def __init__(self, quotas: Quotas, tenants: Mapping[str, Quotas] | None = None) -> None:
        self._general = quotas
        self._tenants = tenants or {}
        self._balances: LRUCache[Account, _Balance] = LRUCache(_ACCOUNTS)

    def charge(self, caller: Caller, now: float) -> None:
        """Takes one request. Raises ``QuotaExceeded``, which costs nothing."""
        quotas = self._quotas(caller)
        if quotas is None or caller.account is None:
            return
        balance = self._balance(caller.account, quotas, now)
        rate = quotas.requests_per_minute / 60
        if rate and balance.requests < 1:
            wait_s = (1 - balance.requests) / rate
            raise QuotaExceeded(
                f"You may ask {quotas.requests_per_minute} times a minute; "
                f"again in {wait_s:.0f} s.",
                retry_after_ms=1000 * wait_s,
            )
        most = quotas.tokens_per_day
        if most and balance.tokens >= most:
            wait_s = balance.day_began + _DAY_S - now
            raise QuotaExceeded(
                f"You have used your {most:,} tokens of today; again in {wait_s / 3600:.1f} h.",
                retry_after_ms=1000 * wait_s,
            )
        balance.requests -= 1

    def charge_guess(self, caller: Caller, now: float) -> None:
        """Takes one preparation of a question that may come, as ``charge`` takes a question.

        Guesses have their own bucket, because they must not use up what questions need. A user
        who may not ask may not prepare either. Raises ``QuotaExceeded``, which costs nothing.
        """
        quotas = self._quotas(caller)
        if quotas is None or caller.account is None:
            return
        balance = self._balance(caller.account, quotas, now)
        asks = balance.requests
        self.charge(caller, now)
        balance.requests = asks
        if quotas.requests_per_minute:
            if balance.guesses < 1:
                raise QuotaExceeded("You may not prepare more questions a minute than you may ask.")
            balance.guesses -= 1

    def spend(self, caller: Caller, tokens: int, now: float) -> None:
        """Counts what an answer has cost, once that is known."""
        quotas = self._quotas(caller)
        if quotas is not None and caller.account is not None:
            self._balance(caller.account, quotas, now).tokens += tokens

    def _quotas(self, caller: Caller) -> Quotas | None:
        """What limits the caller; None when nothing does."""
        quotas = self._tenants.get(caller.tenant, self._general)
        return quotas if quotas.requests_per_minute or quotas.tokens_per_day else None

    def _balance(self, account: Account, quotas: Quotas, now: float) -> _Balance:
        most = float(quotas.requests_per_minute)
        balance = self._balances.setdefault(account, _Balance(most, now, now, guesses=most))
        balance.requests = min(most, balance.requests + (now - balance.filled_at) * most / 60)
        balance.guesses = min(most, balance.guesses + (now - balance.filled_at) * most / 60)
        balance.filled_at = now
        if now - balance.day_began >= _DAY_S:
            balance.day_began, balance.tokens = now, 0
        return balance


def accounts_of(settings: Settings) -> Accounts:
    """As the settings say: a tenant's own quotas count for its users in place of the general."""
    general = settings.quotas
    own = {
        name: Quotas(
            _or(tenant.requests_per_minute, general.requests_per_minute),
            _or(tenant.tokens_per_day, general.tokens_per_day),
        )
        for name, tenant in settings.tenants.items()
    }
    return Accounts(general, own)


def _or(own: int | None, general: int) -> int:
    return general if own is None else own
