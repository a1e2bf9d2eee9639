"""Ends the connections of clients that do not send or read in time.

Uvicorn has no limit for a request that comes a byte a second, nor for a client that reads nothing
of its answer. Thousands of such sockets would cost memory and file descriptors for nothing.
"""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

_MOST_CONTROL_FRAMES = 1000  # between two of our pings; a client sends a few a minute


def impatient_http(request_s: float, silent_s: float) -> type[HttpToolsProtocol]:
    """A protocol that drops slow clients.

    A request must be complete ``request_s`` after the client connected or began it, and a client
    must read some of its answer every ``silent_s``.
    """

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
    """Drops a client that answers no ping, even if it does not read what was sent before the ping.

    It also drops a client that floods us with control frames, because the transport reads
    megabytes of them without a pause, and nobody else is served meanwhile.
    """

    _control_frames = 0  # since our last ping

    async def send(self, message: ASGISendEvent) -> None:
        """Notes that a refusal completes the handshake.

        Uvicorn does not note it, and then logs for each refused login that the application was
        broken.
        """
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def send_keepalive_ping(self) -> None:
        self._control_frames = 0
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        # Closing waits until the client has read everything, which this one never does.
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
