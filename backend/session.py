"""One websocket of one client: reads its frames, and pumps its answers back.

The connection is only a window on the answers: it can drop and another can resume them
(``backend.answer``). A clean close by the client is a goodbye and aborts them.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec
from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message

from backend.answer import Answer, Answers
from backend.errors import BadFrame, GlossatorError, Overloaded, TooLarge
from backend.pipeline import Pipeline
from backend.settings import Server
from backend.wire import (
    Ask,
    Cancel,
    ClientFrame,
    Complete,
    Failed,
    GoAway,
    Lookup,
    Prepare,
    Resume,
    ServerFrame,
    Status,
    decode_client,
    encode,
)

log = logging.getLogger(__name__)

_GOODBYE = (1000, 1001)  # RFC 6455, 7.4.1: normal closure, going away


class _Addressed(msgspec.Struct):
    """As much of a malformed frame as says which request it meant."""

    id: str | None = None


class Session:
    """Lives as long as its websocket. ``run`` never raises for what a client did."""

    def __init__(
        self,
        socket: WebSocket,
        settings: Server,
        pipeline: Pipeline,
        answers: Answers,
        tenant: str = "",
        user: str = "",
        owner: str = "",
    ) -> None:
        self._socket = socket
        self._settings = settings
        self._pipeline = pipeline
        self._answers = answers
        self._tenant = tenant
        self._user = user
        self._owner = owner
        self._pumps: dict[str, tuple[Answer, asyncio.Task[None]]] = {}
        self._preparing: asyncio.Task[None] | None = None

    async def run(self, degraded: Sequence[str] = ()) -> None:
        """Until the client leaves. ``degraded`` is the first that it is told."""
        code = 1006
        try:
            if degraded:
                await self.tell(degraded)
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    code = message.get("code", code)
                    return
                await self._receive(message)
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            self._leave(goodbye=code in _GOODBYE)

    async def tell(self, degraded: Sequence[str]) -> None:
        await self._send(Status(degraded=tuple(degraded)))

    async def go_away(self, reason: str) -> None:
        await self._send(GoAway(reason=reason))

    async def _receive(self, message: Message) -> None:
        try:
            await self._handle(self._decode(message))
        except GlossatorError as error:
            await self._refuse(self._addressed(message), error)

    def _decode(self, message: Message) -> ClientFrame:
        text = message.get("text")
        if not isinstance(text, str):
            raise BadFrame("Binary frames are not part of the protocol: send JSON text frames.")
        limit = self._settings.max_frame_bytes
        # A character is 1 to 4 bytes: most frames need no encoding to be measured.
        if 4 * len(text) > limit and len(text.encode()) > limit:
            raise TooLarge(
                f"The frame is larger than {limit} bytes. Send a smaller excerpt, or raise "
                "max_frame_bytes in [server] of the backend's settings."
            )
        try:
            return decode_client(text)
        except msgspec.DecodeError as error:
            raise BadFrame(
                f"Not a frame of protocol version 1: {error}. See docs/protocol.md."
            ) from None
        except RecursionError:
            raise BadFrame("Not a frame of protocol version 1: nested too deeply.") from None

    async def _handle(self, frame: ClientFrame) -> None:
        match frame:
            case Ask() | Lookup() | Complete():
                limit = self._settings.max_requests_per_session
                if len(self._pumps) >= limit:
                    raise Overloaded(
                        f"This connection has {limit} requests in flight; wait for one to end.",
                        retry_after_ms=1000,
                    )
                self._pump(self._answers.start(frame, self._tenant, self._user, self._owner))
            case Cancel(id=request_id):
                if request_id in self._pumps:
                    self._answers.cancel(self._pumps[request_id][0])
            case Resume(id=request_id, after_seq=after_seq):
                self._pump(self._answers.resume(request_id, self._owner), after_seq)
            case Prepare():
                self._prepare(frame)

    def _pump(self, answer: Answer, after_seq: int = -1) -> None:
        before = self._pumps.pop(answer.id, None)
        if before and before[0] is answer:  # resumed: sent again from where its client says
            before[1].cancel()
        task = asyncio.create_task(
            self._deliver(answer, after_seq, before[1] if before else None),
            name=f"pump {answer.id}",
        )
        self._pumps[answer.id] = (answer, task)

    async def _deliver(
        self, answer: Answer, after_seq: int, before: asyncio.Task[None] | None
    ) -> None:
        """``before`` still sends the last frame of the request that had this id before."""
        try:
            if before:
                await asyncio.wait([before])
            async for frame in answer.read(after_seq):
                await self._send(frame)
        except WebSocketDisconnect:
            return  # the reader learns of it too, and decides what becomes of the answer
        # The id may have been used again while the last frame was sent: that pump stays.
        if (mine := self._pumps.get(answer.id)) and mine[0] is answer:
            del self._pumps[answer.id]
        # Kept for the window all the same: the last frames may be lost on their way.
        self._answers.release(answer)

    def _prepare(self, frame: Prepare) -> None:
        """Only the newest guess is worth warming."""
        if self._preparing:
            self._preparing.cancel()
        self._preparing = asyncio.create_task(
            self._pipeline.prepare(frame, self._tenant, self._user)
        )
        self._preparing.add_done_callback(_log_failure)

    async def _refuse(self, request_id: str | None, error: GlossatorError) -> None:
        # A request that is in flight must not look ended: the fault is the frame's, not its own.
        address = None if request_id in self._pumps else request_id
        await self._send(
            Failed(
                id=address,
                seq=0,
                code=error.code,
                message=error.message,
                retry_after_ms=error.retry_after_ms,
            )
        )

    @staticmethod
    def _addressed(message: Message) -> str | None:
        try:
            return msgspec.json.decode(message.get("text") or "", type=_Addressed).id
        except (msgspec.DecodeError, RecursionError):
            return None

    async def _send(self, frame: ServerFrame) -> None:
        try:
            await self._socket.send_text(encode(frame))
        except RuntimeError as error:  # starlette's word for "already closed"
            raise WebSocketDisconnect(1006) from error

    def _leave(self, *, goodbye: bool) -> None:
        if self._preparing:
            self._preparing.cancel()
        for answer, pump in self._pumps.values():
            pump.cancel()
            if goodbye:
                self._answers.forget(answer)
            else:
                self._answers.release(answer)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.info("prepare failed: %s", error)
