"""One answer while it arrives: what each message means, and when it came. Does no I/O.

Both load generators decide here: ``loadtest.scenarios.clients`` blocks, in Locust's greenlets, and
``loadtest.benchmarks.drivers.users`` awaits. Each creates an answer when it asks, hands it every
message, and stops once ``outcome`` is set.
"""

import time
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct
from websockets.exceptions import InvalidStatus

from backend.protocol.wire import (
    PATH,
    Admitted,
    Citations,
    Delta,
    Failed,
    Finished,
    Timings,
    Usage,
    decode_server,
)
from loadtest.experiments.sample import Outcome, Sample

_DONE = b"[DONE]"
_OK = 200
_OVERLOADED = (429, 503)


def session_url(url: str) -> str:
    """The address of our websocket at a server's URL."""
    return url.replace("http", "ws", 1).rstrip("/") + PATH


class MeasuredAnswer:
    """Pieces of text with their times, and how the answer ended."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None  # None while more is to come
        self.code = ""
        self.problem = ""  # a sentence, where the outcome is not "finished"
        self.late = False  # the answer went on without its passages
        self.usage = Usage()
        self._timings = Timings()
        self._dataset = self._model = ""
        self._pieces: list[str] = []
        self._stamps: list[float] = []
        self._at = time.time()
        self._started = self._ended = time.perf_counter()

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def ttft_s(self) -> float:
        """0 when there was no text."""
        return self._stamps[0] - self._started if self._stamps else 0.0

    @property
    def total_s(self) -> float:
        return self._ended - self._started

    def broke(self, error: Exception) -> None:
        """The connection failed, or what came could not be decoded."""
        if isinstance(error, InvalidStatus):  # the websocket was refused
            status = error.response.status_code
            outcome: Outcome = "shed" if status in _OVERLOADED else "failed"
            self._end(outcome, f"http {status}", f"the server answered {status}")
            return
        name = type(error).__name__
        self._end("failed", name, f"{name}: {error}")

    def sample(self, kind: str, users: int) -> Sample:
        """Call it once the answer has ended."""
        assert self.outcome is not None
        usage, timings = self.usage, self._timings
        return Sample(
            self._at,
            users,
            kind,
            self.outcome,
            total_s=self.total_s,
            ttft_s=self.ttft_s,
            gaps_s=tuple(later - earlier for earlier, later in pairwise(self._stamps)),
            code=self.code,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            queue_s=timings.queue_ms / 1000,
            rails_s=timings.rails_ms / 1000,
            retrieval_s=timings.retrieval_ms / 1000,
            server_ttft_s=timings.ttft_ms / 1000,
            dataset=self._dataset,
            model=self._model,
        )

    def _heard(self, text: str) -> None:
        self._stamps.append(time.perf_counter())
        self._pieces.append(text)

    def _end(self, outcome: Outcome, code: str = "", problem: str = "") -> None:
        self._ended = time.perf_counter()
        self.outcome, self.code, self.problem = outcome, code, problem


class FramedAnswer(MeasuredAnswer):
    """In frames of our websocket."""

    def take(self, message: str | bytes) -> None:
        """Raises ``msgspec.DecodeError``."""
        match decode_server(message):
            case Delta(text=text):
                self._heard(text)
            case Admitted(model=model):
                self._model = model
            case Citations(dataset=dataset, late=late):
                self._dataset, self.late = dataset, late
            case Failed(code=code, message=said):
                shed = code == "overloaded"
                problem = f"the gateway answered {code}: {said}"
                self._end("shed" if shed else "failed", code, problem)
            case Finished(usage=usage, timings=timings):
                self.usage, self._timings = usage, timings
                self._end("finished")


class _Message(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Message


class _Cached(Struct):
    cached_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _Cached | None = None


class _Error(Struct):
    code: str | int | None = None
    message: str | None = None


class _Chunk(Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: _Error | None = None


_chunks = msgspec.json.Decoder(_Chunk)


class StreamedAnswer(MeasuredAnswer):
    """In server-sent events of OpenAI's chat completions."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = model
        self._complete = False  # the usage has come, which is the last thing to come

    def begin(self, status: int, body: str = "") -> None:
        """``body`` is what a status other than 200 came with."""
        if status != _OK:
            outcome: Outcome = "shed" if status in _OVERLOADED else "failed"
            self._end(outcome, f"http {status}", f"the server answered {status}: {body}")

    def take(self, line: bytes) -> None:
        """One line of the stream. Raises ``msgspec.DecodeError``."""
        if not line.startswith(b"data: ") or line.startswith(_DONE, 6):
            return
        chunk = _chunks.decode(line[6:])
        if chunk.error is not None:
            code = str(chunk.error.code or "error")
            self._end("failed", code, f"the server answered {code}: {chunk.error.message}")
        elif chunk.usage is not None:
            cached = chunk.usage.prompt_tokens_details or _Cached()
            self._complete = True
            self.usage = Usage(
                chunk.usage.prompt_tokens, cached.cached_tokens or 0, chunk.usage.completion_tokens
            )
        for choice in chunk.choices:
            if choice.delta.content:
                self._heard(choice.delta.content)

    def end(self) -> None:
        """The stream is over."""
        if self.outcome is not None:
            return
        if self._complete:
            self._end("finished")
        else:
            self._end("failed", "broken off", "the server broke the answer off, without its usage")


def completion(
    model: str, messages: list[dict[str, str]], max_tokens: int | None
) -> dict[str, Any]:
    """The body of a streaming request for chat completions."""
    return {
        "model": model,
        "messages": messages,
        "max_tokens": max_tokens,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
