"""The one websocket to the backend: many requests on it, each an iterator of answer frames.

Shared by the language server and ``glossator ask``; of the backend it imports ``wire`` alone.

    async with Client("ws://127.0.0.1:8765") as client:
        async for frame in client.ask(Ask(id="1", question="How do I run an FFT?")):
            ...

ClientError
├── BackendUnreachable   nobody answers at the URL, or not with our protocol
├── ConnectionLost       the connection dropped in mid-answer and could not be resumed
└── BrokenAnswer         the server broke the protocol: a gap, or a frame that cannot be read
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from typing import Literal, Self

from msgspec import Struct
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from backend.protocol import wire
from backend.protocol.wire import AnswerFrame, GoAway, Prepare, Request, Resume
from lsp_server.client.dial import BackendUnreachable, delays, dial
from lsp_server.client.limits import within
from lsp_server.client.link import Link
from lsp_server.client.pending import BrokenAnswer, ClientError, PendingRequest

__all__ = [
    "BackendUnreachable",
    "BrokenAnswer",
    "Client",
    "ClientError",
    "ConnectionLost",
    "Status",
]

log = logging.getLogger(__name__)

STEADY_S = 5.0  # after a connection that lived this long, back-off starts from the beginning


class ConnectionLost(ClientError):
    """The connection dropped in mid-answer and could not be resumed."""


State = Literal["connecting", "ready", "degraded", "offline"]


class Status(Struct, frozen=True):
    """``reason`` tells the user why the client is offline."""

    state: State
    reason: str = ""


class Client:
    """Connects when first needed, and resumes answers that a dropped connection interrupted.

    The reader notices none of this. If a backend no longer knows an answer, another gateway
    continues it from the text that has arrived. A request that was shed is asked again when the
    backend said.

    An answer fails when no frame has come for ``resume_s`` seconds after a drop. When a gateway
    says that it leaves, the client moves away within ``spread_s`` seconds, at a random moment.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        on_status: Callable[[Status], None] = lambda status: None,
        resume_s: float = 10.0,
        open_timeout_s: float = 5.0,
        spread_s: float = 1.0,
    ) -> None:
        self.url = url
        self.status = Status("offline", "not connected yet")
        self._token = token
        self._on_status = on_status
        self._resume_s = resume_s
        self._open_timeout_s = open_timeout_s
        self._spread_s = spread_s
        # takes new requests; a link that is leaving only finishes its old ones
        self._link: Link | None = None
        self._readers: dict[Link, asyncio.Task[None]] = {}  # one for each open link
        # Requests of dropped links, until the next link takes them.
        self._orphans: dict[str, PendingRequest] = {}
        self._recovery: asyncio.Task[None] | None = None
        self._move: asyncio.Task[None] | None = None  # away from a gateway that said goaway
        self._opening = asyncio.Lock()
        self._failing = False  # the last attempt to connect failed
        self._pauses = delays()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Returns once there is a connection. Raises ``BackendUnreachable``."""
        await self._connected()

    async def stay_connected(self) -> None:
        """Keeps a connection warm, with back-off between attempts; runs until cancelled."""
        while True:
            try:
                link = await self._connected()
                await link.socket.wait_closed()
            except BackendUnreachable as error:
                log.debug("%s", error)
            await asyncio.sleep(next(self._pauses))

    async def ask(self, ask: Request) -> AsyncGenerator[AnswerFrame, None]:
        """Yields every frame of the answer in order; the last one, and only that, is terminal.

        Closing the iterator, or cancelling the task that awaits it, sends ``Cancel``. Raises
        ``ClientError`` when no terminal frame can be had.
        """
        ask = within(ask)
        link = await self._connected()
        # There is no await before the registration, so a drop from now on resumes this answer.
        if any(ask.id in answers for answers in self._in_flight()):
            raise ValueError(f"request id {ask.id!r} is in use")
        answer = link.answers[ask.id] = PendingRequest(ask)
        done = False
        try:
            await link.send(ask)
            while not done:
                frame = await answer.next()
                done = isinstance(frame, wire.Terminal)
                yield frame
        finally:
            await self._release(answer, cancel=not done)

    async def prepare(self, prepare: Prepare) -> None:
        """Warms the path for a question that is likely to come. Raises ``BackendUnreachable``."""
        link = await self._connected()
        await link.send(within(prepare))

    async def close(self) -> None:
        """Cancels what is in flight and closes the connection."""
        readers, self._readers, self._link = self._readers, {}, None
        tasks = [
            *readers.values(),
            *(pause for link in readers for pause in link.pauses.values()),
            *(task for task in (self._recovery, self._move) if task),
        ]
        # cancelled before the sockets close; otherwise a reader would begin to recover
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        error = ConnectionLost("The connection with the backend was closed.")
        for answer in self._orphans.values():
            answer.fail(error)
        for link in readers:
            for request_id, answer in list(link.answers.items()):
                if not answer.ended:
                    answer.fail(error)
                    await link.cancel(request_id)
            await link.socket.close()

    def _in_flight(self) -> list[dict[str, PendingRequest]]:
        return [self._orphans, *(link.answers for link in self._readers)]

    def _set_status(self, state: State, why: str = "") -> None:
        status = Status(state, why)
        if status != self.status:
            self.status = status
            self._on_status(status)

    async def _connected(self) -> Link:
        async with self._opening:
            if self._link is None:
                # a status that changes with every retry would tell the user nothing
                if not self._failing:
                    self._set_status("connecting")
                try:
                    socket = await dial(self.url, self._token, self._open_timeout_s)
                except BackendUnreachable as error:
                    self._failing = True
                    self._set_status("offline", str(error))
                    raise
                return self._take(socket)
            return self._link

    def _take(self, socket: ClientConnection) -> Link:
        # There is no await in here, so a cancelled caller leaves no half-made link behind.
        link = self._link = Link(self.url, socket, self._orphans)
        self._orphans = {}
        adopted = [answer.resume for answer in link.answers.values()]
        self._readers[link] = asyncio.create_task(self._read(link, adopted))
        self._failing = False
        self._set_status("ready")
        return link

    async def _read(self, link: Link, adopted: list[Resume]) -> None:
        try:
            for resume in adopted:
                await link.send(resume)
            async for notice in link.notices():
                self._notice(link, notice)
        except ConnectionClosed as closed:
            log.info("connection to %s dropped: %s", self.url, closed)
        except Exception:  # a bug of ours must not leave the readers waiting forever
            log.exception("the connection to %s is given up", self.url)
            await link.socket.close()
        self._dropped(link)

    def _notice(self, link: Link, notice: GoAway | wire.Status) -> None:
        if isinstance(notice, wire.Status):
            self._set_status("degraded" if notice.degraded else "ready", "; ".join(notice.degraded))
            return
        log.info("the backend at %s is leaving: %s", self.url, notice.reason)
        if self._link is link and (self._move is None or self._move.done()):
            self._move = asyncio.create_task(self._leave(link))

    async def _leave(self, link: Link) -> None:
        """Sends new requests over a new connection, and closes this one after its last answer.

        This connection stays in use until the new one is open, because a leaving server still
        answers.
        """
        while self._link is link:
            # Every client of that gateway heard it at the same moment.
            await asyncio.sleep(random.uniform(0, self._spread_s))
            try:
                socket = await dial(self.url, self._token, self._open_timeout_s)
            except BackendUnreachable as error:
                log.debug("%s", error)
                continue
            async with self._opening:
                if self._link is link:
                    self._take(socket)
                else:  # it dropped meanwhile, and another has taken its place
                    await socket.close()
        link.leaving = True
        if not link.answers:
            await link.socket.close()

    async def _release(self, answer: PendingRequest, *, cancel: bool) -> None:
        """Nobody reads this answer any more. Stops it, unless the server has already ended it."""
        request_id = answer.ask.id
        # The server stops an answer by itself when nobody resumes it.
        if self._orphans.get(request_id) is answer:
            del self._orphans[request_id]
        for link in list(self._readers):
            # The id may be in use again when the next link gets here.
            if link.answers.get(request_id) is not answer:
                continue
            del link.answers[request_id]
            if pause := link.pauses.pop(request_id, None):
                pause.cancel()
            if cancel:
                await link.cancel(request_id)
            if link.leaving and not link.answers:
                await link.socket.close()

    def _dropped(self, link: Link) -> None:
        del self._readers[link]
        link.closed()
        if self._link is link:
            self._link = None
        if self._link is None:
            self._set_status("offline", f"The connection to {self.url} closed.")
        now = asyncio.get_running_loop().time()
        if now - link.opened_at > STEADY_S:
            self._pauses = delays()
        for request_id, answer in link.answers.items():
            if not answer.ended:
                answer.lost_at = now if answer.lost_at is None else answer.lost_at
                self._orphans[request_id] = answer
        if self._orphans and (self._recovery is None or self._recovery.done()):
            self._recovery = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        """Connects again for the interrupted answers, and gives up on those that
        waited too long.
        """
        while self._orphans:
            await asyncio.sleep(min(next(self._pauses), self._resume_s / 4))
            now = asyncio.get_running_loop().time()
            for request_id, answer in list(self._orphans.items()):
                if answer.lost_at is not None and now - answer.lost_at > self._resume_s:
                    del self._orphans[request_id]
                    answer.fail(
                        ConnectionLost(
                            f"The connection to {self.url} was lost and did not come back in "
                            f"{self._resume_s:g} s; ask again once it has."
                        )
                    )
            if self._orphans:
                try:
                    await self._connected()
                except BackendUnreachable as error:
                    log.debug("%s", error)
