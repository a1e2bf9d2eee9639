"""Connects only to addresses that were checked, with a deadline for everything.

It resolves the name and connects to exactly the address that it checked. So a name that resolves to
another address a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable

import httpcore


class Refused(Exception):
    """Why no connection is made to an address."""


class CheckedBackend(httpcore.NetworkBackend):
    """Refuses private, loopback and link-local addresses, unless ``private`` allows them."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._sockets = httpcore.SyncBackend()
        self.deadline = float("inf")  # deadline for the current request, as ``time.monotonic``

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        address = self.resolve(host, port)
        stream = self._sockets.connect_tcp(
            address, port, self.left(timeout), local_address, socket_options
        )
        return _Bounded(stream, self)

    def resolve(self, host: str, port: int) -> str:
        """The first address of the name to which a connection is allowed. Raises ``Refused``."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not a known name") from error
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            if self._private or is_public(address):
                return address
        raise Refused(
            f"{host} is at {addresses[0]}, which is not a public address: "
            "set private_addresses = true for this source if it may be read"
        )

    def left(self, timeout: float | None) -> float:
        """The seconds that an operation may take. Raises ``httpcore.ReadTimeout`` when none are
        left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the page took too long")
        return left if timeout is None else min(left, timeout)


def is_public(address: str) -> bool:
    """Whether an address is public. For an IPv6 address that stands for an IPv4 one, the latter
    counts.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


class _Bounded(httpcore.NetworkStream):
    """A stream on which no operation lasts beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, backend: CheckedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._backend.left(timeout))
        return _Bounded(stream, self._backend)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
