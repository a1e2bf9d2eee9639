"""Where every request comes in: from which page, and by whom."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from backend.errors import Forbidden
from backend.identity.caller import Caller, FirstThatKnows, Identity, TrustedProxy
from backend.settings import Settings


class Door:
    """Lets in whom ``identity`` knows, unless a foreign web page's script asks in their name."""

    def __init__(self, identity: Identity, origins: Sequence[str] = ()) -> None:
        self._identity = identity
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    async def admit(self, connection: HTTPConnection) -> Caller:
        """Raises ``Forbidden`` or ``Unauthorized``."""
        self._check_origin(connection)
        return await self._identity.of(connection.headers) or Caller()

    def _check_origin(self, connection: HTTPConnection) -> None:
        """Browsers let any page open a websocket to any host, and say which page it was
        (RFC 6455, section 10.2). Who is no browser sends no origin."""
        origin = connection.headers.get("origin", "").lower()
        if not origin or origin in self._origins:
            return
        if urlsplit(origin).netloc == connection.headers.get("host", "").lower():
            return
        raise Forbidden(
            "Scripts of this web page may not ask here. The operator can allow it: "
            f'origins = ["{origin}"] in [auth].'
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
        return Door(FirstThatKnows(identities), auth.origins)
    return Door(TrustedProxy(server.tenant_header, server.user_header), auth.origins)
