"""How far one request has come, for its terminal frame."""

import math
import time
from dataclasses import dataclass, field

from backend.admission.cost import spent
from backend.ports import TextDelta
from backend.protocol.tracing import Trace
from backend.protocol.wire import Timings, Usage

CHARACTERS_A_TOKEN = 4  # about, in English and code


@dataclass(slots=True)
class Progress:
    started: float
    deadline: float = math.inf  # on the same clock
    trace: Trace = field(default_factory=Trace)
    queue_ms: float = 0.0
    rails_ms: float = 0.0
    retrieval_ms: float = 0.0
    ttft_ms: float = 0.0
    prefill_s: float = 0.0  # from the engine's getting the prompt to its first delta
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cited: tuple[int, ...] | None = None  # numbers of the citations that support the answer
    asked_tokens: int = 0  # an estimate for the prompt, once an engine has it
    _characters: int = 0  # of the answer so far
    _whole: bool = False

    def count(self, delta: TextDelta) -> None:
        self._characters += len(delta.text)
        self._whole = delta.finish is not None
        self.completion_tokens += delta.tokens
        self.prompt_tokens = delta.prompt_tokens or self.prompt_tokens
        self.cached_tokens = delta.cached_tokens or self.cached_tokens

    def warmed(self, read: Usage) -> None:
        """Call it when the engine has read the prompt for later."""
        self.prompt_tokens, self.cached_tokens = read.prompt_tokens, read.cached_tokens
        self.asked_tokens = 0  # the engine has counted them
        self._whole = True

    def elapsed_ms(self) -> float:
        return (time.monotonic() - self.started) * 1000

    def timings(self) -> Timings:
        return Timings(
            queue_ms=round(self.queue_ms, 2),
            rails_ms=round(self.rails_ms, 2),
            retrieval_ms=round(self.retrieval_ms, 2),
            ttft_ms=round(self.ttft_ms, 2),
            total_ms=round(self.elapsed_ms(), 2),
        )

    def refused(self) -> None:
        """Call it when the engine did not read the prompt, because it was too long or down."""
        if not self._characters:
            self.asked_tokens = 0

    def cost(self) -> int:
        """The tokens that the engine has processed, however the request ended.

        An engine counts the prompt with its first delta, and an upstream everything with its last
        delta. If a request was broken off before that, or the upstream does not count, the tokens
        are estimated.
        """
        prompt, completion = self.prompt_tokens, self.completion_tokens
        if self.asked_tokens and not (self._whole and prompt):
            prompt = prompt or self.asked_tokens
            completion = completion or -(-self._characters // CHARACTERS_A_TOKEN)
        return spent(Usage(prompt, self.cached_tokens, completion))

    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.cached_tokens, self.completion_tokens)
