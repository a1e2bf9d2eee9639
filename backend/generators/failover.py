"""Moves an answer to another replica when the one that makes it is lost.

Whenever the stream ends with ``Unavailable``, it is opened again with the token ids that have
arrived, and the text that the reader has is left out. If an engine has failed, the stream is
opened again only once, because the prompt may be what kills engines (``poison``).
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

ATTEMPTS = 4  # replicas that one answer may lose


class FailoverGenerator:
    """Wraps and owns a generator that chooses a replica for each stream.

    Greedy answers are exact, because every replica makes the same answer from the same tokens.
    Sampled answers go on from the same tokens too, except for the last few where stop strings hold
    text back. If those come out differently and the reader has seen a part, the answer fails.
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
        text, tokens = "", 0  # that the reader has
        failures, failed_at = 0, -1  # of engines, and how many tokens there were at the last one
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
                raise  # another replica would have the same upstream, or the same answer
            except EngineFailed as error:
                failures += 1
                if failures > 1 and tokens != failed_at:  # this engine went on where another failed
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
        """Does nothing for a prompt at which engines fail; the question itself gets the error."""
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
