"""One request as its user saw it, and where the server says the time went. Pure."""

from typing import Literal

from msgspec import Struct

Outcome = Literal["finished", "shed", "failed"]


class Sample(Struct, frozen=True):
    """Times in seconds, on the client's clock unless said otherwise.

    ``at``: when it was asked, as Unix time. ``gaps_s``: between the messages that brought text,
    after the first one. ``code``: the wire protocol's, or ``http 503`` and the like, of what did
    not finish; ``shed`` is what admission refused. Tokens are the engine's own count. ``queue_s``
    to ``server_ttft_s`` are the server's, 0 where it does not say.
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
        """What is left of the server's TTFT once the waiting is taken off it.

        Rails run beside retrieval and prefill, so only the longer of the two counts.
        """
        waited = self.queue_s + max(self.rails_s, self.retrieval_s)
        return max(0.0, self.server_ttft_s - waited)
