"""Lets callers in: checks from which web page they ask, and who they are."""

from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from backend.errors import ForeignPage, UnknownTenant
from backend.identity.caller import Caller, FirstThatKnows, Identity, TrustedProxy
from backend.identity.hosts import is_loopback
from backend.settings import Settings


class Door:
    """Lets in callers whom ``identity`` knows, unless a foreign web page's script asks for them.

    Where ``tenants`` are declared, callers of other tenants may not ask, because nothing says which
    sources they may see.
    """

    def __init__(
        self, identity: Identity, origins: Sequence[str] = (), tenants: Collection[str] = ()
    ) -> None:
        self._identity = identity
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._tenants = frozenset(tenants)

    async def admit(self, connection: HTTPConnection) -> Caller:
        """Raises ``Forbidden`` or ``Unauthorized``."""
        self._check_origin(connection)
        caller = await self._identity.of(connection.headers) or Caller()
        self._check_tenant(caller)
        return caller

    def _check_origin(self, connection: HTTPConnection) -> None:
        """Raises ``Forbidden`` for a foreign web page.

        Browsers let any page open a websocket to any host, and tell the host which page it was
        (RFC 6455, section 10.2). Other clients send no origin.
        """
        origin = connection.headers.get("origin", "").lower()
        if not origin or origin in self._origins:
            return
        if urlsplit(origin).netloc == connection.headers.get("host", "").lower():
            return
        raise ForeignPage(
            "Scripts of this web page may not ask here. The operator can allow it: "
            f'origins = ["{origin}"] in [auth].'
        )

    def _check_tenant(self, caller: Caller) -> None:
        if not self._tenants or caller.tenant in self._tenants:
            return
        what = f"tenant {caller.tenant!r}, which is not declared" if caller.tenant else "no tenant"
        raise UnknownTenant(
            f"This backend answers its tenants only, and this login is of {what} here (names are "
            "compared letter by letter). Ask the operator for a token of your tenant, or to "
            "declare it: [tenants.NAME] in the settings."
        )


def door(settings: Settings) -> Door:
    """Raises ``StartupFailed`` for settings that cannot work."""
    auth, server = settings.auth, settings.server
    identities: list[Identity] = []
    if auth.tokens:
        from backend.identity.tokens import ApiTokens

        identities.append(ApiTokens(Path(auth.tokens).expanduser()))
    if auth.jwks:
        from backend.identity.jwt import SignedTokens

        identities.append(SignedTokens(auth))
    if identities:
        return Door(FirstThatKnows(identities), auth.origins, settings.tenants)
    identity = TrustedProxy(server.tenant_header, server.user_header)
    return Door(identity, auth.origins, settings.tenants)


def open_to_all(settings: Settings, host: str) -> str:
    """A warning for the operator if strangers who reach ``host`` may ask, else ""."""
    auth, server = settings.auth, settings.server
    if auth.tokens or auth.jwks or server.user_header or server.tenant_header or is_loopback(host):
        return ""
    return (
        f"Anybody who reaches {host} may ask, because no users are declared. Declare who may in "
        "[auth] (docs/security.md), or listen on 127.0.0.1 only."
    )
