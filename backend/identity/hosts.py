"""The host names by which clients may call this server.

A web page can point its own domain name at 127.0.0.1, and then read a local server as if it were
its own site (DNS rebinding). The browser sends the page's name as ``Host``, and as ``Origin`` too.
So a name that nobody configured is refused. An IP address is safe, because no page can own it.
"""

import ipaddress
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.errors import GlossatorError, UnknownHost

_LOOPBACK = ("localhost", "*.localhost")  # RFC 6761, section 6.3: never resolved elsewhere


class KnownHosts:
    """ASGI middleware that refuses HTTP requests and websockets for another host.

    ``names`` are host names without a port. ``*.example.com`` stands for any subdomain, and ``*``
    for every name. ``refusal`` makes the response for an error.
    """

    def __init__(
        self,
        app: ASGIApp,
        refusal: Callable[[GlossatorError, HTTPConnection], ASGIApp],
        names: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._refusal = refusal
        self._names = (*_LOOPBACK, *(name.lower() for name in names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            named = Headers(scope=scope).getlist("host")
            if len(named) > 1 or (named and not self.knows(named[0])):
                await self._refusal(_unknown(named[0]), HTTPConnection(scope))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def knows(self, host: str) -> bool:
        """Whether the value of a ``Host`` header, with or without a port, may be used."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        return _is_address(name) or any(fnmatchcase(name, known) for known in self._names)


def is_loopback(name: str) -> bool:
    """Whether a host name or address always means this machine."""
    if _is_address(name):
        return ipaddress.ip_address(name).is_loopback
    return any(fnmatchcase(name.lower(), known) for known in _LOOPBACK)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _unknown(host: str) -> UnknownHost:
    return UnknownHost(
        f"This server is not known as {host[:200]!r}. Use its address or localhost, or let the "
        'operator add the name: hosts = ["NAME"] in [server].'
    )
