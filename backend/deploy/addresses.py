"""The addresses at which servers listen."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator

from backend.errors import StartupFailed
from backend.settings import Server

_BACKLOG = 2048  # at a launch, clients connect faster than a busy event loop accepts


@contextlib.contextmanager
def listening(server: Server) -> Iterator[socket.socket]:
    """A listening socket on the configured address. Raises ``StartupFailed``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # asyncio sends small frames at once (TCP_NODELAY) only if the protocol is given explicitly.
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartupFailed(f"Cannot listen on {server.host}: {error}") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as error:
            raise StartupFailed(_why_not(server, error)) from error
        yield listener


def _why_not(server: Server, error: OSError) -> str:
    address = f"{server.host}:{server.port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{address} is in use, perhaps by another `glossator serve`. "
            "Stop it, or choose another port: --port N."
        )
    return f"Cannot listen on {address}: {os.strerror(error.errno or 0)}."


def url_of(host: str, port: int, *, secure: bool) -> str:
    """The URL at which this machine reaches what listens there."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"{'https' if secure else 'http'}://{reachable}:{port}"


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
