"""A websocket that is read by the caller that waits for a message.

`websockets.sync` reads in a separate thread and hands each message over. That takes two switches of
greenlets for every delta, which a load test would count as the server's time. Here the library
decides what bytes mean, and this class moves them. It blocks; import it after Locust, which makes
sockets cooperative. It uses no proxies, because a load test measures the server.
"""

import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Mapping

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

_CHUNK = 65_536
_TEXT = (Opcode.TEXT, Opcode.CONT)


class WebSocket:
    """Connects when made. That and each method raise ``OSError`` or ``WebSocketException``."""

    def __init__(
        self, url: str, subprotocol: str, headers: Mapping[str, str], timeout_s: float
    ) -> None:
        uri = parse_uri(url)
        self._protocol = ClientProtocol(uri, subprotocols=[Subprotocol(subprotocol)], max_size=None)
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes] = []  # of a message in several frames
        self._socket = socket.create_connection((uri.host, uri.port), timeout_s)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if uri.secure:
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(self._socket, server_hostname=uri.host)
            request = self._protocol.connect()
            request.headers.update(headers)
            self._protocol.send_request(request)
            self._flush()
            while self._protocol.state is State.CONNECTING:
                self._read()
        except BaseException:
            self._socket.close()
            raise

    def send(self, text: str) -> None:
        self._protocol.send_text(text.encode())
        self._flush()

    def recv(self) -> bytes:
        """The next message."""
        while not self._messages:
            self._read()
        return self._messages.popleft()

    def rest(self) -> None:
        """Answers the pings that have come while nobody waited for a message."""
        patience_s = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            while True:
                self._read()
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        finally:
            self._socket.settimeout(patience_s)

    def close(self) -> None:
        """Sends a close frame, and does not wait for the answer."""
        with contextlib.suppress(OSError, WebSocketException):
            self._protocol.send_close(1000)
            self._flush()
        self._socket.close()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)

    def _read(self) -> None:
        if data := self._socket.recv(_CHUNK):
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in _TEXT:
                self._take(event)
        self._flush()  # pongs, and the echo of a close
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc
        if self._protocol.state is State.CLOSED and not self._messages:
            raise self._protocol.close_exc

    def _take(self, frame: Frame) -> None:
        self._parts.append(bytes(frame.data))
        if frame.fin:
            self._messages.append(b"".join(self._parts))
            self._parts.clear()
