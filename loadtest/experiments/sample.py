"""One request as its user saw it, and what the server says about its time. Pure."""

from typing import Literal

from msgspec import Struct

Outcome = Literal["finished", "shed", "failed"]


class Sample(Struct, frozen=True):
    """Times are in seconds. They are on the client's clock, except for those of the server.

    ``at`` is the Unix time of asking. ``gaps_s`` are the gaps between messages that brought text.
    An ``outcome`` of ``shed`` means that admission refused it. ``code`` says why it did not finish:
    a code of the wire protocol, or ``http 503`` and the like. Tokens are the engine's own counts.
    ``queue_s`` to ``server_ttft_s`` are what the server says, and 0 if it says nothing.
    """

    at: float
    users: int
    kind: str
    outcome: Outcome
    total_s: float
    ttft_s: float = 0.0
    gaps_s: tuple[float, ...] = ()
    code: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    queue_s: float = 0.0
    rails_s: float = 0.0
    retrieval_s: float = 0.0
    server_ttft_s: float = 0.0
    dataset: str = ""
    model: str = ""

    @property
    def tpot_s(self) -> float:
        """Time per output token after the first; 0 for an answer of one token."""
        rest = self.completion_tokens - 1
        return (self.total_s - self.ttft_s) / rest if rest > 0 else 0.0

    @property
    def prefill_s(self) -> float:
        """The server's TTFT without the waiting.

        Rails run beside retrieval and prefill, so only the longer of the two counts.
        """
        waited = self.queue_s + max(self.rails_s, self.retrieval_s)
        return max(0.0, self.server_ttft_s - waited)
