"""Connections that end when their client does not do its part of them.

Uvicorn waits without limit for a request that comes a byte a second, and for a client that reads
nothing of its answer: thousands of such sockets cost memory and file descriptors for nothing.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

_MOST_CONTROL_FRAMES = 1000  # a client pings some times a minute


def impatient_http(request_s: float, silent_s: float) -> type[HttpToolsProtocol]:
    """Drops a client whose request is not whole ``request_s`` after it connected or began it, and
    one that takes nothing of its answer for ``silent_s``."""

    class ImpatientHttp(HttpToolsProtocol):
        _whole_by: asyncio.TimerHandle | None = None
        _read_by: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._whole_by = self.loop.call_later(request_s, transport.abort)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._whole_by is None:  # another request on a connection that was kept
                self._whole_by = self.loop.call_later(request_s, self.transport.abort)

        def on_message_complete(self) -> None:
            self._waits_no_more()
            super().on_message_complete()

        def handle_websocket_upgrade(self) -> None:
            self._waits_no_more()
            super().handle_websocket_upgrade()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._read_by = self.loop.call_later(silent_s, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._read_by:
                self._read_by.cancel()

        def connection_lost(self, exc: Exception | None) -> None:
            self._waits_no_more()
            if self._read_by:
                self._read_by.cancel()
            super().connection_lost(exc)

        def _waits_no_more(self) -> None:
            if self._whole_by:
                self._whole_by.cancel()
                self._whole_by = None

    return ImpatientHttp


class ImpatientWebSocket(WebSocketsSansIOProtocol):
    """Drops a client that answers no ping, whether or not it reads what was sent before, and one
    that floods with control frames: the transport reads megabytes of them without a pause, and
    nobody else is served meanwhile."""

    _control_frames = 0  # since our last ping

    def send_keepalive_ping(self) -> None:
        self._control_frames = 0
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        # Closing waits until all that was written is read: for this client, for ever.
        self.transport.abort()

    def handle_ping(self) -> None:
        if self._bearable():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._bearable():
            super().handle_pong(event)

    def _bearable(self) -> bool:
        self._control_frames += 1
        if self._control_frames > _MOST_CONTROL_FRAMES:
            self.transport.abort()
            return False
        return True
