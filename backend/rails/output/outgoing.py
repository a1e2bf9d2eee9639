"""What an answer passes on its way out: guards that hold text back, and a rail that watches."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from backend.errors import Blocked
from backend.ports import Span, StreamGuard
from backend.rails.output.hold_back import Chain, Tell
from backend.rails.output.sentences import SentenceWatch
from backend.rails.policy import Guarded


class Outgoing:
    """The guards of one answer, in order, and the rail that judges the text that they let through.

    Use it as an async context manager; leaving it ends a judgement that still runs.
    """

    def __init__(
        self,
        guards: Sequence[StreamGuard],
        judge: Guarded | None = None,
        tell: Tell = lambda *_: None,
    ) -> None:
        self._guards = Chain(guards)
        self._judge = judge
        self._tell = tell
        self._watch = SentenceWatch(judge.rail) if judge else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watch:
            await self._watch.__aexit__(kind, error, trace)

    def feed(self, text: str) -> str:
        """The text that may be shown now. Raises ``Blocked`` to end the answer."""
        if self._watch and self._watch.verdict.done():
            raise self._stopped(self._watch.verdict.result())
        return self._watched(self._guards.feed(text))

    def flush(self) -> str:
        """The text that was held back until the end."""
        return self._watched(self._guards.flush())

    async def settle(self) -> None:
        """Waits for the verdict on the last sentence. Raises ``Blocked``."""
        if self._watch is None or self._judge is None:
            return
        policy = self._judge.policy
        try:
            async with asyncio.timeout(policy.budget_ms / 1000):
                toxic = await self._watch.finish()
        except Exception as error:
            if policy.on_failure == "block":
                message = f"The {self._judge.rail.name} rail could not judge the end of the answer."
                raise Blocked(message) from error
            return
        if toxic:
            raise self._stopped(toxic)

    def _watched(self, text: str) -> str:
        if self._watch and text:
            self._watch.feed(text)
        return text

    def _stopped(self, kind: str) -> Blocked:
        self._tell("block", [Span(0, 0, kind)])  # the length of the sentence is not kept
        return Blocked(f"The answer was stopped: {kind}. What stands above had been shown by then.")
