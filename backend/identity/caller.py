"""Who asks, and how the backend finds that out."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from backend.errors import Expired, NoToken

Check = Callable[[], Awaitable[None]]
Account = tuple[str, str]  # a tenant, and the name of one of its users


async def _lasting() -> None:
    """The check of a caller whose permission does not expire."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One who asks: every part of the backend that needs to know is handed this object.

    A ``guest`` is a caller whom no token and no proxy named. The route that lets the guest in
    makes up the ``user``, because guests share the engine fairly too; but a guest has no account.

    A websocket outlives the token that opened it: ``check`` raises ``Unauthorized`` once the token
    has expired or was withdrawn. It runs before each request, so it must not fetch anything.
    """

    tenant: str = ""
    user: str = ""
    guest: bool = False
    check: Check = field(default=_lasting, compare=False, repr=False)

    @property
    def named(self) -> bool:
        return bool(self.user) and not self.guest

    @property
    def account(self) -> Account | None:
        """Whose quota pays, and whose requests these are to resume. Guests have no account."""
        return (self.tenant, self.user) if self.named else None

    @property
    def party(self) -> tuple[str, str]:
        """All requests of one party together get one share of the engine."""
        return (self.tenant, self.user)

    def or_guest(self, user: str) -> "Caller":
        """The caller, if somebody named the user, else a guest with this made-up name."""
        return self if self.named else replace(self, user=user, guest=True)


def until(expires: float) -> Check:
    """The check of a token that expires at this time, in seconds since the epoch."""

    async def check() -> None:
        if time.time() >= expires:
            raise Expired("Your sign-in has expired. Sign in again.")

    return check


class Identity(Protocol):
    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        """None when the headers hold nothing that this adapter can judge.

        Raises ``Unauthorized``.
        """
        ...


class TrustedProxy:
    """Believes the headers that a proxy in front of us sets.

    Clients must not be able to reach the backend past that proxy.
    """

    def __init__(self, tenant_header: str, user_header: str) -> None:
        self._tenant = tenant_header
        self._user = user_header

    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        return Caller(
            headers.get(self._tenant, "") if self._tenant else "",
            headers.get(self._user, "") if self._user else "",
        )


class FirstThatKnows:
    """Asks each adapter in turn, and refuses a caller whom none of them knows."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = identities

    async def of(self, headers: Mapping[str, str]) -> Caller:
        for identity in self._identities:
            caller = await identity.of(headers)
            if caller is not None:
                return caller
        raise NoToken(
            "This backend answers known users only: send `Authorization: Bearer TOKEN`. "
            "Editors and the command line read the token from GLOSSATOR_TOKEN; the operator makes "
            "one with `glossator token create`."
        )


def bearer(headers: Mapping[str, str]) -> str:
    """The token of RFC 6750, section 2.1; empty when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
