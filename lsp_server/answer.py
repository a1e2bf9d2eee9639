"""The frames of one request, in order and without repeats. Decides; does no I/O.

Knows ``backend.wire`` alone. ``session`` feeds it what the connection brings, on whichever
connection that happens to be, and asks it what to send.
"""

import asyncio

from backend.wire import AnswerFrame, Ask, Failed, Finished, Resume


class SessionError(Exception):
    """No (further) answer, for a reason on this side. The message is written for the user."""


class BrokenAnswer(SessionError):
    """The server broke the protocol: a frame is missing or cannot be read."""


class Answer:
    """Turns "at least once, after a resume" into "exactly once, in order".

    Ends with the server's terminal frame or with ``fail``, whichever is first; what comes
    after that is dropped.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.ended = False
        self.lost_at: float | None = None  # when the connection dropped, until the next frame
        self._next_seq = 0
        self._repeated = False
        # Unbounded: an answer is short, and a slow reader must not hold up the other requests
        # of the same connection.
        self._frames: asyncio.Queue[AnswerFrame | SessionError] = asyncio.Queue()

    @property
    def acknowledged(self) -> bool:
        """Whether the server has said anything about this request yet."""
        return self._next_seq > 0

    @property
    def resume(self) -> Resume:
        return Resume(id=self.ask.id, after_seq=self._next_seq - 1)

    def repeat(self) -> Ask | None:
        """The question again, once, for a server that does not know the request just resumed.

        None when the server did know it: then it lost an answer that was under way.
        """
        if self.acknowledged or self._repeated:
            return None
        self._repeated = True
        return self.ask

    def accept(self, frame: AnswerFrame) -> None:
        """Takes the next frame, drops one seen before, and fails when one is missing."""
        if self.ended:
            return
        if isinstance(frame, Failed):
            # Ends the request whatever its seq: a refusal may come from a part of the server
            # that has not counted this request's frames.
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
            if isinstance(frame, Finished):
                self._end(frame)
            else:
                self._frames.put_nowait(frame)

    def fail(self, error: SessionError) -> None:
        if not self.ended:
            self._end(error)

    async def next(self) -> AnswerFrame:
        """The next frame, the terminal one last. Raises what ``fail`` was given."""
        frame = await self._frames.get()
        if isinstance(frame, SessionError):
            raise frame
        return frame

    def _end(self, last: AnswerFrame | SessionError) -> None:
        self.ended = True
        self._frames.put_nowait(last)
