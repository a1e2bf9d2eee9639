"""One websocket of one client: reads its frames, and sends its answers back.

An answer does not depend on the connection. When it drops, another one can resume the answers
(``backend.answering.answer``). When the client closes it cleanly, the answers are aborted.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message

from backend.answering.answer import Answer, Answers
from backend.errors import BadFrame, GlossatorError, Overloaded, TooLarge, clipped
from backend.gateway.pace import Pace
from backend.identity.caller import Caller
from backend.protocol.fields import RequestId
from backend.protocol.wire import (
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
from backend.settings import Server

log = logging.getLogger(__name__)

Warm = Callable[[Prepare, Caller], Awaitable[None]]

PREPARES_EVERY_S = 0.1  # at most; a guess that is followed sooner is never begun
RESUMES_AT_ONCE = 32  # enough for all answers of a client that comes back
RESUMES_PER_S = 1.0  # after that, because each one sends a whole answer again
FRAME_CHARACTERS = 10_000  # a longer frame counts as several, because it takes longer to read
TURN_FRAMES = 32  # that one answer sends before others get a turn, if it never waits

_GOODBYE = (1000, 1001)  # RFC 6455, 7.4.1: normal closure, going away


class _Addressed(msgspec.Struct):
    """The part of a malformed frame that says which request it is about."""

    id: RequestId | None = None


class Session:
    """Runs as long as its websocket. ``run`` never raises for what a client did.

    A client that sends frames faster than the settings allow is read more slowly: nothing is lost,
    and nobody else waits for it. Before each request the session checks whether the caller may
    still ask; answers that have begun go on. ``warm`` prepares a question that the caller may ask.
    """

    def __init__(
        self,
        socket: WebSocket,
        settings: Server,
        answers: Answers,
        warm: Warm,
        caller: Caller,
    ) -> None:
        self._socket = socket
        self._settings = settings
        self._answers = answers
        self._warm = warm
        self._caller = caller
        self._pumps: dict[str, tuple[Answer, asyncio.Task[None]]] = {}
        self._guess: Prepare | None = None  # the newest one, not begun yet
        self._guessed = asyncio.Event()
        self._preparing: asyncio.Task[None] | None = None
        rate = settings.frames_per_second
        self._frames = Pace(rate, 2 * rate)
        self._resumes = Pace(RESUMES_PER_S, RESUMES_AT_ONCE)

    async def run(self, degraded: Sequence[str] = ()) -> None:
        """Serves the client until it leaves. It is told first what is ``degraded``."""
        code = 1006
        try:
            if degraded:
                await self.tell(degraded)
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    code = message.get("code", code)
                    return
                size = len(message.get("text") or message.get("bytes") or "")
                if wait_s := _wait_s(self._frames, 1 + size / FRAME_CHARACTERS):
                    await asyncio.sleep(wait_s)
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
            frame = self._decode(message)
            if not isinstance(frame, Cancel):  # a caller may always cancel
                await self._caller.check()
            await self._handle(frame)
        except GlossatorError as error:
            await self._refuse(self._addressed(message), error)

    def _decode(self, message: Message) -> ClientFrame:
        text = message.get("text")
        if not isinstance(text, str):
            raise BadFrame("Binary frames are not part of the protocol: send JSON text frames.")
        limit = self._settings.max_frame_bytes
        # A character has 1 to 4 bytes, so most frames can be measured without encoding them.
        if 4 * len(text) > limit and len(text.encode()) > limit:
            raise TooLarge(
                f"The frame is larger than {limit} bytes. Send a smaller excerpt, or raise "
                "max_frame_bytes in [server] of the backend's settings."
            )
        try:
            return decode_client(text)
        except msgspec.DecodeError as error:
            raise BadFrame(
                f"Not a frame of protocol version 1: {clipped(error)}. See docs/protocol.md."
            ) from None
        except RecursionError:
            raise BadFrame("Not a frame of protocol version 1: nested too deeply.") from None

    async def _handle(self, frame: ClientFrame) -> None:
        match frame:
            case Ask() | Lookup() | Complete():
                self._check_room(frame.id)
                self._guess = None  # the question that it guessed has come
                self._pump(self._answers.start(frame, self._caller))
            case Cancel(id=request_id):
                if request_id in self._pumps:
                    self._answers.cancel(self._pumps[request_id][0])
            case Resume(id=request_id, after_seq=after_seq):
                self._check_room(request_id)
                answer = self._answers.resume(request_id, self._caller)
                self._pump(answer, after_seq, _wait_s(self._resumes))
            case Prepare():
                self._prepare(frame)

    def _check_room(self, request_id: str) -> None:
        limit = self._settings.max_requests_per_session
        if len(self._pumps) >= limit and request_id not in self._pumps:
            raise Overloaded(
                f"This connection has {limit} requests in flight; wait for one to end.",
                retry_after_ms=1000,
            )

    def _pump(self, answer: Answer, after_seq: int = -1, wait_s: float = 0.0) -> None:
        before = self._pumps.pop(answer.id, None)
        if before and before[0] is answer:  # resumed, so it is sent again from ``after_seq`` on
            before[1].cancel()
        task = asyncio.create_task(
            self._deliver(answer, after_seq, wait_s, before[1] if before else None),
            name=f"pump {answer.id}",
        )
        self._pumps[answer.id] = (answer, task)

    async def _deliver(
        self, answer: Answer, after_seq: int, wait_s: float, before: asyncio.Task[None] | None
    ) -> None:
        """``before`` still sends the last frame of an earlier request with this id."""
        try:
            if before:
                await asyncio.wait([before])
            if wait_s:
                await asyncio.sleep(wait_s)
            async for frame in answer.read(after_seq):
                await self._send(frame)
                if frame.seq % TURN_FRAMES == 0:
                    await asyncio.sleep(0)
        except WebSocketDisconnect:
            return  # ``run`` notices it too, and decides what happens to the answer
        # The id may have been used again while the last frame was sent; then that pump stays.
        if (mine := self._pumps.get(answer.id)) and mine[0] is answer:
            del self._pumps[answer.id]
        # It is kept for the window even so, because the last frames may be lost on their way.
        self._answers.release(answer)

    def _prepare(self, frame: Prepare) -> None:
        """Warms only the newest guess. It ends the one before, or replaces it before it begins."""
        self._guess = frame
        self._guessed.set()
        if self._preparing is None or self._preparing.done():
            self._preparing = asyncio.create_task(self._prepares())

    async def _prepares(self) -> None:
        """Warms one guess at a time, until there is no newer one."""
        while guess := self._guess:
            self._guess = None
            self._guessed.clear()
            warming = asyncio.create_task(self._warmed(guess))
            newer = asyncio.create_task(self._guessed.wait())
            try:
                await asyncio.sleep(PREPARES_EVERY_S)
                await asyncio.wait([warming, newer], return_when=asyncio.FIRST_COMPLETED)
            finally:
                warming.cancel()
                newer.cancel()
            # The next one begins when this one has left its slot.
            await asyncio.wait([warming])

    async def _warmed(self, guess: Prepare) -> None:
        """A ``prepare`` is never answered, so its errors only go to the log."""
        try:
            await self._warm(guess, self._caller)
        except GlossatorError as error:
            log.debug("prepare %s: %s", guess.id, error)
        except Exception:
            log.exception("prepare %s failed", guess.id)

    async def _refuse(self, request_id: str | None, error: GlossatorError) -> None:
        # A request in flight must not look ended, because only this frame was wrong.
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
        except RuntimeError as error:  # starlette's error for "already closed"
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


def _wait_s(pace: Pace, amount: float = 1.0) -> float:
    return pace.wait_s(asyncio.get_running_loop().time(), amount)
