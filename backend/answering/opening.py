"""Opens the stream of an answer: the first delta, from a prompt that fits the engine."""

import asyncio
import time
from collections.abc import AsyncGenerator

from backend.answering.draft import Draft
from backend.answering.progress import Progress
from backend.answering.prompt import estimate_tokens
from backend.errors import TooLarge
from backend.ports import Generator, Prompt, TextDelta
from backend.protocol.wire import EXTRACTIVE

Verdict = asyncio.Task[list[str]]  # of the rails that judge; raises ``Blocked``


async def opened(
    generator: Generator, draft: Draft, verdict: Verdict, progress: Progress
) -> tuple[Draft, AsyncGenerator[TextDelta], TextDelta | None]:
    """The draft that the engine took, the stream, and its first delta.

    Only the generator knows how many tokens a prompt really has. Where a prompt is too long, the
    next one has fewer passages: the user has not chosen them, and could do nothing about it.
    """
    while True:
        hand_over(draft.prompt, generator, progress)
        sampling = draft.request.sampling(draft.generation)
        stream = generator.stream(draft.prompt, sampling, draft.request.id)
        try:
            return draft, stream, await _first(stream, verdict, progress)
        except BaseException as error:
            await stream.aclose()
            if not isinstance(error, TooLarge) or not draft.prompt.passages:
                raise
        draft = draft.shorter()


def hand_over(prompt: Prompt, generator: Generator, progress: Progress) -> None:
    """Notes that the engine works for the request from here on."""
    if generator.model != EXTRACTIVE:  # which reads no tokens
        progress.asked_tokens = estimate_tokens(prompt)


async def _first(
    deltas: AsyncGenerator[TextDelta], verdict: Verdict, progress: Progress
) -> TextDelta | None:
    """The first delta, once the rails allow it. A rail that blocks does not wait for prefill."""

    async def prefilled() -> TextDelta | None:
        started = time.monotonic()
        with progress.trace.span("prefill"):
            delta = await anext(deltas, None)
        progress.prefill_s = time.monotonic() - started
        return delta

    first = asyncio.ensure_future(prefilled())
    try:
        await verdict
        return await first
    finally:
        # The iterator may be closed only when nobody is inside it.
        first.cancel()
        await asyncio.wait([first])
