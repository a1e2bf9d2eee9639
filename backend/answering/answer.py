"""Answers in flight: each is a numbered list of frames, which any connection can read.

An answer runs as its own task, apart from the websocket that asked for it. So a client that lost
its connection can resume, and "exactly one terminal frame" is made true in one place.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Concatenate, ParamSpec

from backend.errors import BadFrame, GlossatorError, UnknownRequest
from backend.identity.caller import Account, Caller
from backend.protocol.tracing import Trace
from backend.protocol.wire import AnswerFrame, Failed, Finished, Request, Terminal, Timings, Usage

log = logging.getLogger(__name__)

Fields = ParamSpec("Fields")  # of a frame: a type checker then knows what ``emit`` takes
Key = tuple[str, Account | None, str]  # tenant, account, and the request's id
Run = Callable[[Request, "Answer"], Coroutine[None, None, None]]
Ended = Callable[[Request, "Answer"], None]
NOBODY = Caller()


class Answer:
    """The frames of one request, in order. ``emit`` numbers them and refuses a second terminal."""

    def __init__(self, request_id: str, caller: Caller = NOBODY) -> None:
        self.id = request_id
        self.caller = caller
        self.key = _key(caller, request_id)
        self.started = time.monotonic()
        self.trace = Trace()
        self.cost = 0  # tokens that the caller's account pays, also for a broken-off answer
        self.frames: list[AnswerFrame] = []
        self._grown = asyncio.Event()

    @property
    def ended(self) -> bool:
        return bool(self.frames) and isinstance(self.frames[-1], Terminal)

    @property
    def failed(self) -> bool:
        return bool(self.frames) and isinstance(self.frames[-1], Failed)

    def emit(
        self,
        frame: Callable[Concatenate[str, int, Fields], AnswerFrame],
        *values: Fields.args,
        **fields: Fields.kwargs,
    ) -> None:
        """``emit(Delta, text="…")`` appends a frame. Its ``id`` and ``seq`` are filled in."""
        if self.ended:
            raise RuntimeError(f"request {self.id} has already ended")
        self.frames.append(frame(self.id, len(self.frames), *values, **fields))
        self._grown.set()

    def fail(self, error: GlossatorError) -> None:
        self.emit(
            Failed, code=error.code, message=error.message, retry_after_ms=error.retry_after_ms
        )

    async def read(self, after_seq: int = -1) -> AsyncIterator[AnswerFrame]:
        """Every frame after ``after_seq``, up to and including the terminal one."""
        position = after_seq + 1
        while True:
            while position < len(self.frames):
                frame = self.frames[position]
                position += 1
                yield frame
                if isinstance(frame, Terminal):
                    return
            if self.ended:  # the reader has all frames, or claims to have more
                return
            self._grown.clear()
            await self._grown.wait()


class Answers:
    """Starts answers, ends them, and keeps them ``window_s`` for a client that lost its connection.

    Clients choose the ids. Each account has its own ids, so that nobody can resume, cancel or
    block somebody else's request by guessing its id; all guests of a tenant share theirs, because
    a guest who comes back cannot be told from another. ``on_ended`` is called once for each
    answer, when it has its terminal frame.
    """

    def __init__(
        self, run: Run, window_s: float, on_ended: Ended = lambda request, answer: None
    ) -> None:
        self._run = run
        self._on_ended = on_ended
        self._window_s = window_s
        self._answers: dict[Key, Answer] = {}
        # By answer, not by id: an id may be used again while the task of its last answer still
        # ends, and that task must not touch the new answer.
        self._tasks: dict[Answer, asyncio.Task[None]] = {}
        self._expiry: dict[Answer, asyncio.TimerHandle] = {}

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    def start(self, request: Request, caller: Caller = NOBODY) -> Answer:
        """Raises ``BadFrame`` when the id is taken. The id of a failed request is free again."""
        answer = Answer(request.id, caller)
        if known := self._answers.get(answer.key):
            if not known.failed:
                raise BadFrame(f"Request id {request.id!r} is in use; give every request its own.")
            self.forget(known)
        self._answers[answer.key] = answer
        # The task has its own context. Otherwise Ray Serve's cancellation, which is tied to that of
        # the connection, would end an answer that may be resumed.
        task = asyncio.create_task(
            self._run(request, answer),
            name=f"answer {request.id}",
            context=contextvars.Context(),
        )
        self._tasks[answer] = task
        task.add_done_callback(lambda _: self._ended(request, answer, task))
        return answer

    def resume(self, request_id: str, caller: Caller = NOBODY) -> Answer:
        """Raises ``UnknownRequest`` when the answer was forgotten, or was never asked for here."""
        answer = self._answers.get(_key(caller, request_id))
        if answer is None:
            raise UnknownRequest(f"Request {request_id!r} is not known here (any more): ask again.")
        if timer := self._expiry.pop(answer, None):
            timer.cancel()
        return answer

    def cancel(self, answer: Answer) -> None:
        """Ends the answer if it still runs; a late cancel does nothing."""
        if task := self._tasks.get(answer):
            task.cancel()

    def release(self, answer: Answer) -> None:
        """Nobody reads the answer now. It is kept for the window, then aborted and forgotten."""
        if self._answers.get(answer.key) is not answer or answer in self._expiry:
            return
        loop = asyncio.get_running_loop()
        self._expiry[answer] = loop.call_later(self._window_s, self.forget, answer)

    def forget(self, answer: Answer) -> None:
        """Call it when the client has every frame, or will never come for them."""
        self.cancel(answer)
        if self._answers.get(answer.key) is answer:
            del self._answers[answer.key]
        if timer := self._expiry.pop(answer, None):
            timer.cancel()

    async def settle(self, timeout_s: float) -> None:
        """Waits until every answer has ended, but at most ``timeout_s``."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=timeout_s)

    async def close(self) -> None:
        """Cancels all running answers, and waits until each one has its terminal frame."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for timer in self._expiry.values():
            timer.cancel()

    def _ended(self, request: Request, answer: Answer, task: asyncio.Task[None]) -> None:
        self._tasks.pop(answer, None)
        if not answer.ended:
            self._end(answer, task)
        self._on_ended(request, answer)

    @staticmethod
    def _end(answer: Answer, task: asyncio.Task[None]) -> None:
        # Only a bug leaves an answer open, and its client must not hang because of it.
        if task.cancelled():  # before its first step, so the task itself could not report it
            answer.emit(Finished, reason="cancelled", usage=Usage(), timings=Timings())
            return
        if error := task.exception():
            log.error("request %s ended without a terminal frame", answer.id, exc_info=error)
        answer.emit(
            Failed,
            code="internal",
            message="The backend lost this request. Ask again.",
        )


def _key(caller: Caller, request_id: str) -> Key:
    return (caller.tenant, caller.account, request_id)
