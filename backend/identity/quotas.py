"""How much each user may ask for. Pure: the caller says what time it is.

A token bucket for requests (as in RFC 2697, without colours), and a sum per day for tokens.
"""

from collections import OrderedDict
from dataclasses import dataclass

from backend.errors import QuotaExceeded
from backend.settings import Quotas

_DAY_S = 86_400.0
_USERS = 100_000  # remembered at most; who is forgotten starts afresh


@dataclass(slots=True)
class _Account:
    requests: float  # left in the bucket
    filled_at: float
    day_began: float
    tokens: int = 0  # spent since
    guesses: float = 0.0  # left in a bucket of their own, as large as that of requests


class Ledger:
    """The accounts of all users that one gateway has seen. Times in seconds, of any clock."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def charge(self, user: str, now: float) -> None:
        """Takes one request. Raises ``QuotaExceeded``, which costs nothing."""
        if not self._limited or not user:
            return
        account = self._account(user, now)
        rate = self._quotas.requests_per_minute / 60
        if rate and account.requests < 1:
            wait_s = (1 - account.requests) / rate
            raise QuotaExceeded(
                f"You may ask {self._quotas.requests_per_minute} times a minute; "
                f"again in {wait_s:.0f} s.",
                retry_after_ms=1000 * wait_s,
            )
        most = self._quotas.tokens_per_day
        if most and account.tokens >= most:
            wait_s = account.day_began + _DAY_S - now
            raise QuotaExceeded(
                f"You have used your {most:,} tokens of today; again in {wait_s / 3600:.1f} h.",
                retry_after_ms=1000 * wait_s,
            )
        account.requests -= 1

    def charge_guess(self, user: str, now: float) -> None:
        """Takes one preparation of a question that may come, as ``charge`` takes a question.

        Guesses have a bucket of their own, for they must not use up what questions need; who may
        not ask may not prepare either. Raises ``QuotaExceeded``, which costs nothing.
        """
        if not self._limited or not user:
            return
        account = self._account(user, now)
        asks = account.requests
        self.charge(user, now)
        account.requests = asks
        if self._quotas.requests_per_minute:
            if account.guesses < 1:
                raise QuotaExceeded("These are more guesses than you may ask questions.")
            account.guesses -= 1

    def spend(self, user: str, tokens: int, now: float) -> None:
        """Counts what an answer cost, once that is known."""
        if self._limited and user:
            self._account(user, now).tokens += tokens

    @property
    def _limited(self) -> bool:
        return bool(self._quotas.requests_per_minute or self._quotas.tokens_per_day)

    def _account(self, user: str, now: float) -> _Account:
        most = float(self._quotas.requests_per_minute)
        account = self._accounts.setdefault(user, _Account(most, now, now, guesses=most))
        self._accounts.move_to_end(user)
        if len(self._accounts) > _USERS:
            self._accounts.popitem(last=False)
        account.requests = min(most, account.requests + (now - account.filled_at) * most / 60)
        account.guesses = min(most, account.guesses + (now - account.filled_at) * most / 60)
        account.filled_at = now
        if now - account.day_began >= _DAY_S:
            account.day_began, account.tokens = now, 0
        return account
