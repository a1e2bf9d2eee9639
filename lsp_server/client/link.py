"""One open websocket, and the requests whose answers come over it.

``client`` opens links, and decides what becomes of the answers of one that closes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import msgspec
from msgspec import Struct
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from backend.protocol import wire
from backend.protocol.wire import AnswerFrame, Cancel, ClientFrame, Failed, GoAway
from lsp_server.client.pending import BrokenAnswer, PendingRequest

log = logging.getLogger(__name__)

CANCEL_TIMEOUT_S = 1.0  # a cancel is not worth a longer wait for the network
CLOSED_TOO_BIG = 1009  # RFC 6455


class _Named(Struct):
    id: str


class Link:
    """``url`` is where it leads to; ``answers`` are the requests that it takes over."""

    def __init__(
        self, url: str, socket: ClientConnection, answers: dict[str, PendingRequest]
    ) -> None:
        self.url = url
        self.socket = socket
        self.answers = answers
        self.opened_at = asyncio.get_running_loop().time()
        self.leaving = False  # the server said goaway: drain, then close
        # of requests that were shed and wait to ask again
        self.pauses: dict[str, asyncio.Task[None]] = {}

    async def send(self, frame: ClientFrame) -> None:
        """A closed connection loses the frame; the resume that follows makes up for it."""
        try:
            await self.socket.send(wire.encode(frame))
        except ConnectionClosed:
            log.debug("the connection closed before %s was sent", type(frame).__name__)

    async def cancel(self, request_id: str) -> None:
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                await self.send(Cancel(id=request_id))
        except TimeoutError:
            log.warning("the network did not take the cancel of %s", request_id)

    async def notices(self) -> AsyncIterator[GoAway | wire.Status]:
        """Hands each frame to the request that it answers; yields those that answer none.

        Ends when the connection does, or raises ``ConnectionClosed``.
        """
        async for message in self.socket:
            try:
                frame = wire.decode_server(message)
            # also when a field has the wrong type
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                log.error("unreadable frame from %s: %s", self.url, error)
                self._unreadable(message)
                continue
            if isinstance(frame, GoAway | wire.Status):
                yield frame
            else:
                self._accept(frame)

    def closed(self) -> None:
        """Call it when the connection has ended."""
        for pause in self.pauses.values():
            pause.cancel()
        if self.socket.close_code == CLOSED_TOO_BIG:
            self._refuse(
                Failed(
                    id=None,
                    seq=0,
                    code="too_large",
                    message="The question is larger than the backend accepts. Select less code.",
                )
            )

    def _accept(self, frame: AnswerFrame) -> None:
        if frame.id is None:
            log.error("the backend refused a frame: %s", frame.message)
            self._refuse(frame)
        elif (answer := self.answers.get(frame.id)) is not None and not (
            isinstance(frame, Failed) and self._goes_on(answer, frame)
        ):
            answer.accept(frame)

    def _goes_on(self, answer: PendingRequest, failed: Failed) -> bool:
        """Whether the request is asked again, now or later, instead of ending."""
        # Unknown means that the drop swallowed the question, or that another gateway was answering
        # it.
        wait_s = 0.0 if failed.code == "unknown_request" else answer.wait_s(failed)
        if wait_s is None or answer.ended or (ask := answer.restart()) is None:
            return False

        async def later() -> None:
            await asyncio.sleep(wait_s)
            await self.send(ask)

        self.pauses[ask.id] = asyncio.create_task(later())
        return True

    def _unreadable(self, message: str | bytes) -> None:
        """Fails the request that the frame names. If it names none, fails all, so that none waits
        forever.
        """
        error = BrokenAnswer(
            f"The backend at {self.url} sent a message that cannot be read. "
            "Install the same version of Glossator on both sides."
        )
        try:
            named = self.answers.get(msgspec.json.decode(message, type=_Named).id)
        except (msgspec.DecodeError, UnicodeDecodeError):
            named = None
        for answer in [named] if named else self.answers.values():
            answer.fail(error)

    def _refuse(self, failed: Failed) -> None:
        """A refusal without an id answers a request that has no frame yet: the one asked last."""
        waiting = [answer for answer in self.answers.values() if not answer.acknowledged]
        if waiting:
            waiting[-1].accept(failed)
