"""A generator that outlives the replica which answers: another one goes on in mid-answer.

Independent of what replicas are: whenever the stream behind it ends with ``Unavailable``, it is
opened anew, with the token ids that have arrived, and what the reader has is left out.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from backend.errors import Interrupted, Unavailable, UpstreamFailed
from backend.ports import Generator, Load, Prompt, Sampling, TextDelta
from backend.replay import Replay
from backend.wire import Usage

log = logging.getLogger(__name__)

ATTEMPTS = 4  # replicas that one answer may wear out


class FailoverGenerator:
    """Wraps a generator that chooses a replica for each stream, and owns it.

    Exact when greedy: from the same tokens, every replica makes the same answer. Otherwise the
    answer goes on from the same tokens too, except for the last few where stop strings hold text
    back; should those come out differently and the reader have seen a part, it ends as failed.
    """

    def __init__(
        self, generator: Generator, on_failover: Callable[[], None] = lambda: None
    ) -> None:
        self.fills = generator.fills
        self.model = generator.model
        self._generator = generator
        self._on_failover = on_failover

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        text, tokens = "", 0  # what the reader has
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
                return
            except (UpstreamFailed, Interrupted):
                raise  # another replica would ask the same upstream, or say the same
            except Unavailable as error:
                if attempt == ATTEMPTS:
                    raise
                self._on_failover()
                log.warning(
                    "request %s goes on elsewhere after %d tokens: %s", request_id, tokens, error
                )

    async def warm(self, prompt: Prompt) -> Usage:
        return await self._generator.warm(prompt)

    async def load(self) -> Load:
        return await self._generator.load()

    async def check(self) -> None:
        await self._generator.check()

    async def close(self) -> None:
        await self._generator.close()
