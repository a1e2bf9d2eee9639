"""The injection rail: questions and code that try to instruct the model against its operator.

The heuristics are the indexer's, which judges passages by them once, when they are indexed. What
is found is given as whole sentences, so that a redaction leaves no half of an instruction.
"""

import asyncio
from collections.abc import Sequence

from backend.ports import Part, Span
from backend.rails.redaction import merge
from indexer.suspicion import sentence, suspects

_LONG = 20_000  # characters; about 10 ms, more than an event loop should wait


def find(text: str) -> tuple[Span, ...]:
    """The sentences that, together, are enough to call the text an injection."""
    spans = [
        Span(*sentence(text, sign.start, sign.end), f"injection: {sign.kind}")
        for sign in suspects(text)
    ]
    return tuple(merge(spans))


class InjectionRail:
    name = "injection"
    parts: frozenset[Part] = frozenset(("question", "code"))

    def start(self) -> None:
        return

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        if sum(len(text) for text in texts) < _LONG:
            return [find(text) for text in texts]
        return await asyncio.to_thread(lambda: [find(text) for text in texts])

    async def state(self) -> str:
        return ""
