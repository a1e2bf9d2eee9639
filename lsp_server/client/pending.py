"""One request and the frames of its answer, in order and without repeats. No I/O.

``link`` feeds it what arrives, and ``client`` asks it what to send on another connection. Of our
packages it knows only ``backend.protocol.wire``.
"""

import asyncio
import random

import msgspec

from backend.protocol.wire import (
    AnswerFrame,
    Ask,
    Delta,
    Failed,
    Notice,
    Queued,
    Request,
    Resume,
    Terminal,
)

RESTARTS = 4  # of one answer; if it fails more often, it is no accident
PATIENCE_S = 15.0  # the user decides about a longer wait


class ClientError(Exception):
    """There is no (further) answer, for a reason on this side. The message is
    written for the user.
    """


class BrokenAnswer(ClientError):
    """The server broke the protocol: a frame is missing or cannot be read."""


class PendingRequest:
    """Turns "at least once, from any gateway" into "exactly once, in order".

    It ends with the server's terminal frame or with ``fail``, whichever comes first. Later frames
    are dropped.
    """

    def __init__(self, ask: Request) -> None:
        self.ask = ask
        self.ended = False
        # when the connection dropped; None again after the next frame
        self.lost_at: float | None = None
        self._next_seq = 0  # number of the next frame on the wire; a restart counts from 0 again
        self._delivered = 0  # frames given to the reader, who never learns of a restart
        self._text: list[str] = []
        self._told: set[tuple[type, str]] = set()
        self._restarts = 0
        # Unbounded: an answer is short, and a slow reader must not hold up the other requests
        # of the same connection.
        self._frames: asyncio.Queue[AnswerFrame | ClientError] = asyncio.Queue()

    @property
    def acknowledged(self) -> bool:
        """Whether the server has said anything about this request yet."""
        return self._next_seq > 0

    @property
    def resume(self) -> Resume:
        return Resume(id=self.ask.id, after_seq=self._next_seq - 1)

    def restart(self) -> Request | None:
        """The question to ask a server that does not know the request: it continues the answer.

        None when this was tried too often, or when the request cannot be continued.
        """
        if self._restarts == RESTARTS:
            return None
        if not isinstance(self.ask, Ask) and self._text:
            return None
        self._restarts += 1
        self._next_seq = 0
        if not isinstance(self.ask, Ask):
            return self.ask
        return msgspec.structs.replace(self.ask, continue_from="".join(self._text))

    def wait_s(self, refusal: Failed) -> float | None:
        """How long to wait before a ``restart``; None when the refusal is final.

        The wait is up to half longer than the server said, so that clients it shed do not return in
        step.
        """
        if refusal.retry_after_ms is None:
            return None
        wait_s = refusal.retry_after_ms / 1000 * random.uniform(1.0, 1.5)
        return wait_s if wait_s <= PATIENCE_S else None

    def accept(self, frame: AnswerFrame) -> None:
        """Takes the next frame, drops one seen before, and fails when one is missing."""
        if self.ended:
            return
        if isinstance(frame, Failed):
            # A failure ends the request whatever its number, because the part of the server that
            # refused may not have counted this request's frames.
            self._end(frame)
        elif frame.seq > self._next_seq:
            self.fail(
                BrokenAnswer(
                    f"The answer has a gap: part {self._next_seq} is missing, part {frame.seq} "
                    "came. Ask again."
                )
            )
        elif frame.seq == self._next_seq:
            self._next_seq += 1
            self.lost_at = None
            self._deliver(frame)

    def _deliver(self, frame: AnswerFrame) -> None:
        if self._repeats(frame):
            return
        if frame.seq != self._delivered:
            frame = msgspec.structs.replace(frame, seq=self._delivered)
        self._delivered += 1
        if isinstance(frame, Terminal):
            self._end(frame)
            return
        if isinstance(frame, Delta):
            self._text.append(frame.text)
        self._frames.put_nowait(frame)

    def _repeats(self, frame: AnswerFrame) -> bool:
        """Whether a restarted answer repeats what the reader already knows."""
        if isinstance(frame, Delta | Terminal):
            return False
        if isinstance(frame, Queued):
            # the reader already sees text, so the answer must not seem to wait
            return bool(self._text)
        known = (type(frame), frame.message if isinstance(frame, Notice) else "")
        repeated = known in self._told and self._restarts > 0
        self._told.add(known)
        return repeated

    def fail(self, error: ClientError) -> None:
        if not self.ended:
            self._end(error)

    async def next(self) -> AnswerFrame:
        """The next frame; the last one is terminal. Raises the error that ``fail`` was given."""
        frame = await self._frames.get()
        if isinstance(frame, ClientError):
            raise frame
        return frame

    def _end(self, last: AnswerFrame | ClientError) -> None:
        self.ended = True
        self._frames.put_nowait(last)
