"""Judges an answer sentence by sentence while it streams, without delaying a delta.

The pipeline feeds text that it has shown, looks at ``verdict`` before it shows more, and waits for
``finish`` before it ends the answer. So a toxic sentence may be shown, but nothing after it. Code
is skipped, because identifiers insult nobody.
"""

import asyncio
import re
from types import TracebackType
from typing import Any, Self

from backend.ports import Rail

_END = re.compile(r"[.!?…][\"')\]»”]{0,3}\s|[。!?]|\n")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_LONGEST = 1000  # characters; a longer sentence is judged in pieces
_LETTERS = re.compile(r"[^\W\d_]{2}")
_AT_ONCE = 32  # sentences in one call of the rail


class SentenceCutter:
    """Cuts a growing text into sentences, without fenced code. Pure."""

    def __init__(self) -> None:
        self._pending = ""
        self._line_start = True
        self._fence = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that are complete with this text."""
        self._pending += text
        return self._cut(final=False)

    def flush(self) -> list[str]:
        """What was left when the text ended."""
        return self._cut(final=True)

    def _cut(self, *, final: bool) -> list[str]:
        sentences: list[str] = []
        while self._pending:
            if self._line_start and self._may_fence() and "\n" not in self._pending and not final:
                break  # the line may yet turn out to open or close a block
            fence = _FENCE.match(self._pending) if self._line_start else None
            if self._fence or fence:
                if not self._skip_line(fence, final):
                    break
                continue
            end = _END.search(self._pending)
            if end is not None:
                cut = end.end()
            elif final or len(self._pending) > _LONGEST:
                cut = len(self._pending)
            else:
                break
            sentence = self._pending[:cut].strip()
            self._line_start = self._pending[cut - 1] == "\n"
            self._pending = self._pending[cut:]
            if _LETTERS.search(sentence):
                sentences.append(sentence)
        return sentences

    def _may_fence(self) -> bool:
        return not self._pending.lstrip(" ").strip("`") or not self._pending.strip(" ~")

    def _skip_line(self, fence: re.Match[str] | None, final: bool) -> bool:
        """Skips one line of code or a fence. False when the line is not complete yet."""
        line, newline, rest = self._pending.partition("\n")
        if not newline and not final:
            return False
        if fence and not self._fence:
            self._fence = fence[1]
        elif fence and fence[1].startswith(self._fence) and not line[fence.end() :].strip():
            self._fence = ""
        self._pending = rest
        self._line_start = True
        return True


class SentenceWatch:
    """Watches one answer. Use it as an async context manager; leaving it ends a running check.

    ``verdict`` is done as soon as a sentence is toxic, with the kind of toxicity. At most one call
    of the rail runs at a time, with all sentences that have gathered.
    """

    def __init__(self, rail: Rail) -> None:
        self._rail = rail
        self._cutter = SentenceCutter()
        self._waiting: list[str] = []
        self._checking: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self.verdict: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait([self._checking])
        self.verdict.cancel()

    def feed(self, text: str) -> None:
        """Takes text that was shown, and returns at once."""
        self._put(self._cutter.feed(text))

    async def finish(self) -> str:
        """Judges the rest. Returns the kind of toxicity in the answer, or "".

        Raises the error of the rail, unless something toxic was found anyway.
        """
        self._put(self._cutter.flush())
        while self._checking is not None and not self._checking.done() and not self.verdict.done():
            either: list[asyncio.Future[Any]] = [self._checking, self.verdict]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self.verdict.done():
            return self.verdict.result()
        if self._failure is not None:
            raise self._failure
        return ""

    def _put(self, sentences: list[str]) -> None:
        self._waiting += sentences
        if self._waiting and (self._checking is None or self._checking.done()):
            self._checking = asyncio.create_task(self._check())

    async def _check(self) -> None:
        while self._waiting and not self.verdict.done():
            batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            try:
                found = await self._rail.check(batch)
            except Exception as error:
                # Rails come and go, so a later sentence may be judged again.
                self._failure = error
                continue
            kind = next((span.kind for spans in found for span in spans), "")
            if kind and not self.verdict.done():
                self.verdict.set_result(kind)
