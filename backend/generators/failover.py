"""A generator that outlives the replica which answers: another one goes on in mid-answer.

Independent of what replicas are: whenever the stream behind it ends with ``Unavailable``, it is
opened anew, with the token ids that have arrived, and what the reader has is left out. Once only
where an engine failed at it: it may be the prompt that kills engines (``poison``).
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from backend.errors import EngineFailed, Interrupted, Unavailable, UpstreamFailed
from backend.generators.poison import FAILURES, Suspects
from backend.generators.replay import Replay
from backend.ports import Generator, Load, Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage

log = logging.getLogger(__name__)

ATTEMPTS = 4  # replicas that one answer may find to be gone


class FailoverGenerator:
    """Wraps a generator that chooses a replica for each stream, and owns it.

    Exact when greedy: from the same tokens, every replica makes the same answer. Otherwise the
    answer goes on from the same tokens too, except for the last few where stop strings hold text
    back; should those come out differently and the reader have seen a part, it ends as failed.
    """

    def __init__(
        self,
        generator: Generator,
        on_failover: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fills = generator.fills
        self.model = generator.model
        self._generator = generator
        self._on_failover = on_failover
        self._now = now
        self._suspects = Suspects()

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        if self._suspects.poisonous(prompt, self._now()):
            raise self._refusal()
        text, tokens = "", 0  # what the reader has
        failures, failed_at = 0, -1  # of engines, and how many tokens there were then
        begun = prompt.begun
        for attempt in range(1, ATTEMPTS + 1):
            replay, repeated = Replay(text), tokens
            ids: tuple[int, ...] = ()
            stream = self._generator.stream(replace(prompt, begun=begun), sampling, request_id)
            try:
                async with aclosing(stream) as deltas:
                    async for delta in deltas:
                        ids += delta.ids
                        begun = max(begun, ids, key=len)
                        new = replay.feed(delta.text)
                        again = min(repeated, delta.tokens)
                        repeated -= again
                        if delta.finish:
                            replay.end()
                        text += new
                        tokens += delta.tokens - again
                        if new is not delta.text or again:
                            delta = replace(delta, text=new, tokens=delta.tokens - again)
                        yield delta
                self._suspects.answered(prompt)
                return
            except (UpstreamFailed, Interrupted):
                raise  # another replica would ask the same upstream, or say the same
            except EngineFailed as error:
                failures += 1
                if failures > 1 and tokens != failed_at:  # where one failed, this one went on
                    self._suspects.answered(prompt)
                failed_at = tokens
                self._suspects.failed(prompt, self._now())
                if self._suspects.poisonous(prompt, self._now()):
                    log.error("request %s made engines fail; it is not tried again", request_id)
                    raise self._refusal() from error
                if failures == FAILURES or attempt == ATTEMPTS:
                    raise
                self._goes_on(request_id, tokens, error)
            except Unavailable as error:
                if attempt == ATTEMPTS:
                    raise
                self._goes_on(request_id, tokens, error)

    async def warm(self, prompt: Prompt) -> Usage:
        """Of a prompt that engines fail at, nothing: who asks it is told."""
        if self._suspects.poisonous(prompt, self._now()):
            return Usage()
        try:
            return await self._generator.warm(prompt)
        except EngineFailed:
            self._suspects.failed(prompt, self._now())
            raise

    async def load(self) -> Load:
        return await self._generator.load()

    async def check(self) -> None:
        await self._generator.check()

    def _goes_on(self, request_id: str, tokens: int, error: Unavailable) -> None:
        self._on_failover()
        log.warning("request %s goes on elsewhere after %d tokens: %s", request_id, tokens, error)

    def _refusal(self) -> EngineFailed:
        return EngineFailed(
            "Engines failed at this question, so it is not tried again for "
            f"{self._suspects.keep_s / 60:.0f} minutes. Ask in other words, or with less code."
        )

    async def close(self) -> None:
        await self._generator.close()
