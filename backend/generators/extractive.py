"""The generator without a model: it quotes the documentation, and says so.

It composes what a reader of the documentation would look for first: the call to use with its
signature, what the call does, the documentation's own example, and alternatives.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Sequence

from backend.ports import Load, Prompt, Sampling, TextDelta
from backend.protocol.wire import EXTRACTIVE, Usage
from backend.retrieval.citing import cite, on_page
from indexer.screening.fences import fenced
from indexer.types import Chunk

NOTE = (
    "_Quoted from the documentation: no language model is configured. For written answers start "
    "the backend with `glossator serve --model FOLDER_OR_HUB_NAME`, or "
    "`--engine openai --upstream URL` for a server you already run._\n"
)
NOTHING = (
    "Nothing was found for this question. `glossator index package:NAME` or "
    "`glossator index FOLDER` adds documentation.\n\n"
)
LATE = "The index did not answer in time: there is nothing to quote. Ask again in a moment.\n\n"
UNANSWERED = "Nothing indexed seems to answer this. These entries are nearest to it:\n\n"
# An answer that is less likely than this is not given as one. The probability is low for questions
# in people's own words: in the develop half (docs/retrieval.md) it is lower than this for 6% of the
# questions that have an answer, and for 59% of those that have none.
UNLIKELY = 0.02
_ALTERNATIVES = 3
_PASSAGE_CHARS = 700


class ExtractiveGenerator:
    """Answers at once, and always the same. It has no tokenizer, so it counts no tokens."""

    model = EXTRACTIVE
    fills = False

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        for line in compose(prompt).splitlines(keepends=True):
            yield TextDelta(line)
            await asyncio.sleep(0)  # lets other answers run between two lines
        yield TextDelta("", finish="stop")

    async def warm(self, prompt: Prompt) -> Usage:
        return Usage()

    async def load(self) -> Load:
        return Load()

    async def check(self) -> None:
        return

    async def close(self) -> None:
        return


def compose(prompt: Prompt) -> str:
    """The answer in Markdown. Pure; the numbers of citations are those of ``cite``."""
    if not prompt.passages:
        return (LATE if prompt.late else NOTHING) + NOTE
    _, numbers = cite(prompt.passages)
    chunks = [passage.chunk for passage in prompt.passages]
    if prompt.answerable is not None and prompt.answerable < UNLIKELY:
        return "".join([UNANSWERED, *_listed(chunks, numbers), "\n", NOTE])
    best = chunks[0]
    return "".join([*_lead(best, numbers[0]), *_others(chunks, numbers), "\n", NOTE])


def _lead(best: Chunk, number: int) -> Iterator[str]:
    if not best.signature:
        yield f"**{on_page(best)}** [{number}]\n\n{_clip(best.text)}\n\n"
        return
    if best.kind == "option":
        place = best.breadcrumb.rpartition(" › ")[0]
        yield f"**`{best.symbol}`** ({place}) [{number}]\n\n```\n{best.signature}\n```\n\n"
        yield f"{_clip(best.text.removeprefix(best.signature).lstrip())}\n\n"
        return
    yield f"Use **`{best.symbol}`** [{number}]\n\n```python\n{best.signature}\n```\n\n"
    if best.summary:
        yield f"{best.summary} [{number}]\n\n"
    if best.example:
        yield f"Example from its documentation [{number}]:\n\n```python\n{best.example}\n```\n\n"
    elif best.section:
        yield f"{best.section}:\n\n{_clip(best.text)}\n\n"


def _others(chunks: Sequence[Chunk], numbers: Sequence[int]) -> Iterator[str]:
    rest = [(chunk, number) for chunk, number in zip(chunks, numbers, strict=True)
            if number != numbers[0]]  # fmt: skip
    if rest:
        yield "See also:\n\n"
        yield from _listed(*zip(*rest, strict=True))


def _listed(chunks: Sequence[Chunk], numbers: Sequence[int]) -> Iterator[str]:
    """A line for each of the first few sources: what it is called, and what it is about."""
    seen: set[int] = set()
    for chunk, number in zip(chunks, numbers, strict=True):
        if number in seen or len(seen) >= _ALTERNATIVES:
            continue
        seen.add(number)
        if chunk.symbol:
            yield f"- `{chunk.symbol}` [{number}] {chunk.summary}".rstrip() + "\n"
        else:  # the summary is of the page's beginning, and this may be any part of it
            yield f"- {on_page(chunk)} [{number}]: {_first_sentence(chunk.text)}\n"


def _first_sentence(text: str) -> str:
    code = {row for start, end in fenced(text) for row in range(start, end)}
    prose = (line for row, line in enumerate(text.split("\n")) if row not in code)
    line = next((line for line in prose if re.match(r"\s*\w", line)), "")
    sentence, end, _ = line.strip().partition(". ")
    return f"{sentence}{end.strip()}"


def _clip(text: str) -> str:
    """At least one paragraph, and more up to about ``_PASSAGE_CHARS`` characters."""
    kept = ""
    for paragraph in text.split("\n\n"):
        if kept and len(kept) + len(paragraph) > _PASSAGE_CHARS:
            break
        kept += paragraph + "\n\n"
    return kept.rstrip()
