"""The personal data rail: presidio with our formats, off the event loop.

Presidio is imported in a thread when the rail starts or is first used, never with this module.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from cachetools import LRUCache

from backend.errors import Unavailable
from backend.ports import Part, Span

if TYPE_CHECKING:
    from backend.rails.input.analyzer import Analyzer

# Characters per call of the analyzer. A model for names gets more, because it needs context.
_WINDOW, _WINDOW_OF_NAMES = 4_000, 20_000
_MARGIN = 600  # characters read beyond both ends, more than any format has


class PiiRail:
    """Finds personal data by format and, with a model, names and places.

    ``analyzer.Analyzer`` explains ``names``, ``model`` and ``device``. The findings of
    ``remembered`` texts are kept, by digest, because each question has much the same code.
    """

    name = "pii"
    parts: frozenset[Part] = frozenset(("question", "conversation", "code"))

    def __init__(
        self,
        names: Literal["none", "spacy", "transformers"] = "none",
        model: str = "",
        device: str = "cpu",
        threads: int = 2,
        remembered: int = 1024,
    ) -> None:
        self._load_arguments = (names, model, device)
        self._window = _WINDOW if names == "none" else _WINDOW_OF_NAMES
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pii")
        self._loading: asyncio.Future[Analyzer] | None = None
        self._found: LRUCache[bytes, tuple[Span, ...]] = LRUCache(remembered)

    def start(self) -> None:
        """Begins to load. Needs a running event loop. ``check`` calls it too."""
        if self._loading is None:
            loop = asyncio.get_running_loop()
            self._loading = loop.run_in_executor(self._pool, _load, *self._load_arguments)

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return list(await asyncio.gather(*map(self._find, texts)))

    async def state(self) -> str:
        if self._loading is None or not self._loading.done():
            return "loading"
        if error := self._loading.exception():
            return str(error)
        return self._loading.result().degraded

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _find(self, text: str) -> tuple[Span, ...]:
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._found.get(key)
        if found is None:
            analyzer = await self._analyzer()
            found = self._found[key] = await self._analyzed(analyzer, text)
        return found

    async def _analyzed(self, analyzer: "Analyzer", text: str) -> tuple[Span, ...]:
        """Analyzes window by window.

        So long texts take turns with short ones, and one whose time is up stops after a window.
        """
        loop = asyncio.get_running_loop()
        spans: list[Span] = []
        for start, end in _windows(text, self._window):
            spans += await loop.run_in_executor(self._pool, _analyze, analyzer, text, start, end)
        return tuple(spans)

    async def _analyzer(self) -> "Analyzer":
        self.start()
        assert self._loading is not None
        try:
            # It is shielded, because a cancelled or late question must not stop loading for all.
            return await asyncio.shield(self._loading)
        except Exception as error:
            raise Unavailable(f"The pii rail could not load: {error}") from error


def _load(names: Literal["none", "spacy", "transformers"], model: str, device: str) -> "Analyzer":
    from backend.rails.input.analyzer import Analyzer

    return Analyzer(names, model, device)


def _analyze(analyzer: "Analyzer", text: str, start: int, end: int) -> list[Span]:
    low = max(0, start - _MARGIN)
    return [
        Span(span.start + low, span.end + low, span.kind)
        for span in analyzer.find(text[low : end + _MARGIN])
        if start <= span.start + low < end
    ]


def _windows(text: str, size: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover the text. Each begins with a line, unless lines are very long."""
    start = 0
    while start < len(text):
        end = start + size
        if end < len(text):
            end = text.rfind("\n", start + size // 2, end) + 1 or end
        yield start, min(end, len(text))
        start = end
