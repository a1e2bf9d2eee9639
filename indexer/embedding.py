"""Embeds the chunks of a run into its journal, batch by batch, ahead of what is being kept.

The vector of a chunk is that of its text, drawn towards that of its entry's headline.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from indexer.index.journal import Journal
from indexer.types import Chunk, ChunkIndex, Embedder, TokenEmbedder, Tokens, Vectors

BATCH = 64  # chunks that are embedded and kept together
# The share of an entry's headline in the vectors of its chunks. Questions ask what an entry is for,
# and long descriptions drown that; a larger share of the headline drowns what only a description
# says. Measured with nearness alone, from two thirds down to a third: 33% in place of 27% of 389
# sentences of release notes are found (docs/retrieval.md), 67% in place of 53% of later sentences
# of descriptions, and 93% in place of 95% of first sentences, which search by words finds anyway.
HEADLINE = 1 / 3

_AHEAD = 3  # batches that the embedder gets before the first of them is kept
_HEADLINES = 20_000  # vectors of headlines that are remembered during a run
_AWAITED: Vectors = np.zeros(0, dtype=np.float32)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Begun:
    """Chunks that are being embedded."""

    chunks: Sequence[Chunk]
    headlines: Sequence[str]  # headlines that occur for the first time
    # vectors of the chunks, then of these headlines; and their tokens, if there are any
    embedded: Future[tuple[Vectors, Sequence[Tokens]]]
    # vectors of headlines; all are here once the earlier batches are kept
    known: dict[str, Vectors]


class Embedding:
    """Embeds chunks into the journal and reports progress.

    The embedder works ahead. So it is busy while chunks are read from the journal and kept there,
    and while the last part of a batch occupies only one core. Only the caller's thread reports
    progress and uses the journal.
    """

    def __init__(
        self, embedder: Embedder, journal: Journal, done: int, total: int, progress: Progress
    ) -> None:
        self._journal = journal
        self._done = done
        self._total = total
        self._progress = progress
        # vector of each headline; _AWAITED while it is being embedded
        self._known: dict[str, Vectors] = {}
        self._embedded: Callable[[Sequence[str]], tuple[Vectors, Sequence[Tokens]]]
        self._embedded = lambda texts: (embedder.embed(texts), ())
        if isinstance(embedder, TokenEmbedder) and embedder.tokens is not None:
            self._embedded = embedder.embed_tokens
            journal.token_form = embedder.tokens
        progress(done, total)

    def embed(self, batches: Iterable[Sequence[Chunk]]) -> None:
        """When it is stopped halfway, it returns after the batches that were begun are embedded."""
        begun: deque[_Begun] = deque()
        with ThreadPoolExecutor(_AHEAD, "embedding") as beside:
            for chunks in batches:
                begun.append(self._begin(chunks, beside))
                if len(begun) == _AHEAD:
                    self._keep(begun.popleft())
            while begun:
                self._keep(begun.popleft())

    def _begin(self, chunks: Sequence[Chunk], beside: ThreadPoolExecutor) -> _Begun:
        if len(self._known) > _HEADLINES:
            self._known = {}
        known = self._known
        headlines = [line for line in dict.fromkeys(chunk.headline for chunk in chunks)
                     if line and line not in known]  # fmt: skip
        known.update(dict.fromkeys(headlines, _AWAITED))
        texts = [*(chunk.embedded_text for chunk in chunks), *headlines]
        return _Begun(chunks, headlines, beside.submit(self._embedded, texts), known)

    def _keep(self, begun: _Begun) -> None:
        count = len(begun.chunks)
        vectors, tokens = begun.embedded.result()
        # A copy, because a row would keep the whole array in memory.
        begun.known.update(zip(begun.headlines, vectors[count:].copy(), strict=True))
        self._journal.add(
            begun.chunks,
            _blended(begun.chunks, vectors[:count], begun.known),
            dict(zip((chunk.id for chunk in begun.chunks), tokens, strict=False)),
        )
        self._done += count
        self._progress(self._done, self._total)


def fill_tokens(embedder: Embedder, index: ChunkIndex, source: str) -> int:
    """Embeds the chunks of a source that lack token vectors, as those of an index from before there
    were any. Returns how many.
    """
    if not isinstance(embedder, TokenEmbedder) or embedder.tokens is None:
        return 0
    filled = 0
    for chunks in index.without_tokens(source, embedder.tokens):
        _, tokens = embedder.embed_tokens([chunk.embedded_text for chunk in chunks])
        index.add_tokens(dict(zip((chunk.id for chunk in chunks), tokens, strict=True)))
        filled += len(chunks)
    return filled


def _blended(
    chunks: Sequence[Chunk], vectors: Vectors, headlines: Mapping[str, Vectors]
) -> Vectors:
    """Unit rows of shape (chunks, dimension): the direction of the text, drawn towards the
    headline.
    """
    blended = vectors.copy()
    for i, chunk in enumerate(chunks):
        if chunk.headline:
            blended[i] = (1 - HEADLINE) * vectors[i] + HEADLINE * headlines[chunk.headline]
    unit: Vectors = blended / np.linalg.norm(blended, axis=1, keepdims=True)
    return unit
