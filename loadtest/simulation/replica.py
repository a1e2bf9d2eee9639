"""One engine: continuous batching with chunked prefill, as vLLM's scheduler does it.

Each step moves every decoding sequence on by one token and fills the rest of its token budget with
pieces of prompts, first come, first served. Steps that only decode are taken together until
something happens, which is why simulating hours is cheap.

It is simpler than vLLM in two ways: a request enters when its whole KV cache fits, where vLLM lets
it enter earlier and preempts, and priorities are ignored.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable

from loadtest.simulation.events import Clock, Event
from loadtest.simulation.speed import Speed
from loadtest.simulation.traffic import Asked


class Request(Asked, eq=False):
    """A line of a trace on its way through an engine. Times are None until they happen.

    ``cached_tokens`` are never the whole prompt. ``output_tokens`` is at least 1.
    """

    first_at_s: float | None = None
    ended_at_s: float | None = None
    shed: bool = False
    unread: int = 0  # tokens of the prompt

    @property
    def held(self) -> int:
        """Tokens in the KV cache at the end."""
        return self.prompt_tokens + self.output_tokens


class Replica:
    """One engine. Calls ``ended`` with every request that it has finished."""

    def __init__(self, clock: Clock, speed: Speed, ended: Callable[[Request], None]) -> None:
        self.tokens = 0  # of work, for all requests in this replica
        self.draining = False
        self._clock = clock
        self._speed = speed
        self._ended = ended
        self._queue: deque[Request] = deque()
        self._reading: deque[Request] = deque()
        self._writing: list[tuple[int, int, Request]] = []  # heap by the last step of each
        self._serial = itertools.count()
        self._step = 0
        self._kv = 0  # tokens in the cache
        self._promised = 0  # tokens that the requests in the engine will hold at their end
        self._stretch: _Stretch | None = None

    @property
    def requests(self) -> int:
        return len(self._queue) + len(self._reading) + len(self._writing)

    @property
    def kv_use(self) -> float:
        return self._kv / self._speed.kv_tokens

    def submit(self, request: Request) -> None:
        request.unread = request.prompt_tokens - request.cached_tokens
        self.tokens += request.cost
        self._clock.at(self._clock.now + self._speed.first_s, lambda: self._take(request))

    def _take(self, request: Request) -> None:
        self._queue.append(request)
        if self._stretch is None:
            self._begin()
        else:
            self._stretch.cut(self._clock)

    def _begin(self) -> None:
        """Starts the next step, or as many steps as change nothing."""
        speed = self._speed
        while self._queue and self._fits(self._queue[0]):
            entering = self._queue.popleft()
            self._promised += entering.held
            self._kv += entering.cached_tokens
            self._reading.append(entering)
        sequences = len(self._writing) + len(self._reading)
        if not sequences:
            self._stretch = None
            return
        steps, growth = 1, 0.0
        pieces = self._pieces()
        if not pieces:
            steps = self._writing[0][0] - self._step
            growth = speed.kv_token_s * sequences
        read = sum(piece for _, piece in pieces)
        first = speed.step(sequences, self._kv, read)
        self._stretch = _Stretch(
            self._clock, steps, first, growth, lambda taken: self._stepped(taken, pieces)
        )

    def _pieces(self) -> list[tuple[Request, int]]:
        """How much the next step reads of each prompt."""
        left = self._speed.max_num_batched_tokens - len(self._writing)
        pieces = []
        for request in self._reading:
            if left <= 0:
                break
            piece = min(left, request.unread)
            pieces.append((request, piece))
            left -= piece
        return pieces

    def _stepped(self, steps: int, pieces: list[tuple[Request, int]]) -> None:
        self._step += steps
        self._kv += steps * len(self._writing)
        while self._writing and self._writing[0][0] <= self._step:
            self._end(heapq.heappop(self._writing)[2])
        for request, piece in pieces:
            request.unread -= piece
            self._kv += piece
            if request.unread:
                continue
            self._reading.remove(request)
            request.first_at_s = self._clock.now
            if request.output_tokens == 1:
                self._end(request)
            else:
                ends = self._step + request.output_tokens - 1
                heapq.heappush(self._writing, (ends, next(self._serial), request))
        self._begin()

    def _fits(self, request: Request) -> bool:
        busy = len(self._writing) + len(self._reading)
        return busy < self._speed.max_num_seqs and (
            not busy or self._promised + request.held <= self._speed.kv_tokens
        )

    def _end(self, request: Request) -> None:
        request.ended_at_s = self._clock.now
        self._promised -= request.held
        self._kv -= request.held - 1  # the last token is never read again
        self.tokens -= request.cost
        self._ended(request)


class _Stretch:
    """Several steps: the first takes ``first`` seconds, each next one ``growth`` more."""

    def __init__(
        self, clock: Clock, steps: int, first: float, growth: float, done: Callable[[int], None]
    ) -> None:
        self._began = clock.now
        self._first, self._growth = first, growth
        self._done = done
        self._steps = steps
        self.event: Event = clock.at(self._after(steps), lambda: done(steps))

    def _after(self, steps: int) -> float:
        grown = self._growth * steps * (steps - 1) / 2
        return self._began + self._first * steps + grown

    def cut(self, clock: Clock) -> None:
        """Ends the stretch with the current step, because a request wants to enter."""
        if self._steps == 1:
            return
        passed = clock.now - self._began
        half = self._first - self._growth / 2
        if self._growth > 0:
            root = math.sqrt(half * half + 2 * self._growth * passed)
            steps = math.ceil((root - half) / self._growth - 1e-9)
        else:
            steps = math.ceil(passed / self._first - 1e-9)
        steps = min(max(1, steps), self._steps)
        self.event.call_off()
        self._steps = steps
        self.event = clock.at(self._after(steps), lambda: self._done(steps))
