"""The injection rail: finds questions and code that try to instruct the model.

The heuristics are the indexer's, which judges passages by them when they are indexed. Findings are
whole sentences, so that a redaction leaves no half of an instruction.
"""

from collections.abc import Sequence

from backend.ports import Part, Span
from backend.rails.redaction import merge
from backend.rails.scans import Scans
from indexer.screening.suspicion import judging, sentence
from indexer.screening.windows import Steps, each, run


def find(text: str) -> tuple[Span, ...]:
    """The sentences that together are enough to call the text an injection."""
    return run(_finding(text))


class InjectionRail:
    name = "injection"
    parts: frozenset[Part] = frozenset(("question", "code"))

    def __init__(self, scans: Scans | None = None) -> None:
        self._scans = scans or Scans()

    def start(self) -> None:
        return

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return await self._scans.result(each(_finding, texts))

    async def state(self) -> str:
        return ""

    async def close(self) -> None:
        return  # the scans belong to all rails


def _finding(text: str) -> Steps[tuple[Span, ...]]:
    spans = []
    for sign in (yield from judging(text)):
        spans.append(Span(*sentence(text, sign.start, sign.end), f"injection: {sign.kind}"))
        yield
    return tuple(merge(spans))
