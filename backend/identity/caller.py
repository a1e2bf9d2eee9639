"""Who asks, and how that is found out. Pure but for what the adapters read."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from backend.errors import Unauthorized

Check = Callable[[], Awaitable[None]]


async def _lasting() -> None:
    """Whatever let the caller in does not end."""


@dataclass(frozen=True, slots=True)
class Caller:
    """``user`` is empty when nobody says who it is; then nothing is theirs alone.

    A websocket outlives what let it in: ``check`` raises ``Unauthorized`` once that has expired
    or was withdrawn. It is asked before each request, so it fetches nothing.
    """

    tenant: str = ""
    user: str = ""
    check: Check = field(default=_lasting, compare=False, repr=False)

    @property
    def owner(self) -> str:
        """Whose requests may be resumed and cancelled: nobody else's."""
        return f"{self.tenant}\0{self.user}"


def account(owner: str) -> str:
    """Whose quota it is; empty when the owner is no particular user."""
    return "" if owner.endswith("\0") else owner


def until(expires: float) -> Check:
    """The check of what ends by itself, at this time in seconds since the epoch."""

    async def check() -> None:
        if time.time() >= expires:
            raise Unauthorized("What you signed in with has expired. Sign in again.")

    return check


class Identity(Protocol):
    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        """None when the headers hold nothing that it could judge. Raises ``Unauthorized``."""
        ...


class TrustedProxy:
    """What a proxy in front of us has put into the headers; clients must not reach us past it."""

    def __init__(self, tenant_header: str, user_header: str) -> None:
        self._tenant = tenant_header
        self._user = user_header

    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        return Caller(
            headers.get(self._tenant, "") if self._tenant else "",
            headers.get(self._user, "") if self._user else "",
        )


class FirstThatKnows:
    """Asks each in turn; who is known to none is refused."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = identities

    async def of(self, headers: Mapping[str, str]) -> Caller:
        for identity in self._identities:
            caller = await identity.of(headers)
            if caller is not None:
                return caller
        raise Unauthorized(
            "This backend answers known users only: send `Authorization: Bearer TOKEN`. "
            "Editors and the command line read the token from GLOSSATOR_TOKEN; the operator makes "
            "one with `glossator token create`."
        )


def bearer(headers: Mapping[str, str]) -> str:
    """The token of RFC 6750, section 2.1; empty when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
