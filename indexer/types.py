"""What flows through the indexer, and the ports its parts stand behind.

document (read from a source) → chunk (stored) → passage (retrieved, scored).
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Kind = Literal["function", "class", "module", "page", "code"]
Skipped = tuple[str, str]  # what, why
Vectors = npt.NDArray[np.float32]  # shape (texts, dimension), rows of unit length


class IndexerError(Exception):
    """The message is written for the user: what happened and what to do next."""


class SourceError(IndexerError):
    """A source could not be read, or held nothing."""


class IndexMismatch(IndexerError):
    """The index on disk was made by another embedder or another version of this store."""


class IndexDamaged(IndexerError):
    """A part of the index on disk cannot be read; what it held has to be indexed again."""


class IndexInUse(IndexerError):
    """Another process owns the index, or runs the same source; ``owner`` tells which."""

    def __init__(self, message: str, owner: str = "") -> None:
        super().__init__(message)
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Document:
    """One page or one API entry, as its source gave it."""

    source: str  # as declared: "package:numpy", "docs/guide"
    uri: str  # where a citation opens it
    title: str  # "numpy.fft.irfft", "Installing"
    text: str
    kind: Kind = "page"
    breadcrumb: tuple[str, ...] = ()  # from the source's root to the title, inclusive
    version: str = ""
    symbol: str = ""  # fully qualified, for API entries
    signature: str = ""  # "numpy.fft.irfft(a, n=None, axis=-1, norm=None, out=None)"
    line: int | None = None  # 1-based, of the definition; of a page whose lines are cited, 1
    language: str = "rst"  # what the text is written in: rst (and plain text), markdown, python, go


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored piece of a document; ``id`` is the hash of everything that is stored."""

    source: str
    uri: str
    title: str
    text: str
    kind: Kind = "page"
    breadcrumb: str = ""
    version: str = ""
    symbol: str = ""
    signature: str = ""
    summary: str = ""  # first paragraph of the document
    example: str = ""  # the documentation's own first code example
    section: str = ""  # heading within the document, "" for its beginning
    line: int | None = None
    suspicion: str = ""  # why it seems to instruct a model instead of a reader, "" if it does not
    id: str = field(init=False)

    def __post_init__(self) -> None:
        parts = (
            self.source,
            self.uri,
            self.title,
            self.section,
            self.version,
            self.signature,
            self.breadcrumb,
            self.summary,
            self.example,
            str(self.line),
            self.text,
            # Only when there is one: another verdict is another chunk, and is stored anew.
            *((self.suspicion,) if self.suspicion else ()),
        )
        digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16)
        object.__setattr__(self, "id", digest.hexdigest())

    @property
    def embedded_text(self) -> str:
        """What the embedder sees: the place of the chunk, then its words."""
        heading = " › ".join(part for part in (self.breadcrumb or self.title, self.section) if part)
        return f"{heading}\n{self.text}"

    @property
    def headline(self) -> str:
        """What the chunk's API entry is, in one line; empty for a page."""
        return f"{self.symbol}: {self.summary}" if self.symbol and self.summary else ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk; a higher ``score`` is better (cosine similarity, -1 to 1)."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a search looks, and what is known of the code that it is asked from.

    ``sources`` limit it: None means all, unknown ones are empty. The rest are hints and limit
    nothing: entries of imported ``packages`` rank higher, and what ``symbols`` name (those at the
    cursor, as far as known resolved through the imports: ``numpy.fft.rfft``) is found even when
    no word of the question finds it.
    """

    sources: tuple[str, ...] | None = None
    packages: tuple[str, ...] = ()  # top-level, as imported
    symbols: tuple[str, ...] = ()


EVERYWHERE = Scope()


class Source(Protocol):
    """Reads documents. Raises ``SourceError`` when it cannot, or has none."""

    name: str

    def documents(self) -> Iterator[Document]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a source's documents are: a file, a page of a site, an installed package.

    ``stamp`` differs whenever the content may, and is known without reading it: the time of the
    last change and the size, a blob's hash, an ETag, an installed version.
    """

    key: str  # unique within the source, the same in every run
    stamp: str


@runtime_checkable
class StampedSource(Source, Protocol):
    """A source that need not be read whole to know what changed.

    A run reads the entries whose stamp is new, forgets those that are no longer listed, and leaves
    all others alone. ``documents`` is ``read`` of all ``entries``, in their order.
    """

    def entries(self) -> Iterator[Entry]: ...

    def read(self, entry: Entry) -> Iterator[Document]: ...


class Chunker(Protocol):
    """Cuts a document by its structure. Pure."""

    def chunks(self, document: Document) -> Iterator[Chunk]: ...


class Ruler(Protocol):
    """How long texts are for an embedder."""

    def size(self, text: str) -> int: ...

    def room(self, heading: str) -> int:
        """What the embedder sees of a chunk below its heading."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What an entry of a source holds, as it was last read."""

    stamp: str
    documents: int
    ids: tuple[str, ...]  # of its chunks
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a run makes of one source: the entries that it read, and those that are gone.

    ``batches`` gives those of the wanted chunks that are new, with their vectors.
    """

    source: str
    held: Mapping[str, Held]
    gone: frozenset[str]
    batches: Callable[[Collection[str]], Iterable[tuple[Sequence[Chunk], Vectors]]]


class Embedder(Protocol):
    """Texts to unit vectors. ``name`` identifies the weights: an index keeps it."""

    name: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors: ...


class Reranker(Protocol):
    """Reads a question together with each text: slow and good, for a few of the best."""

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]: ...


@dataclass(frozen=True, slots=True)
class Near:
    """A stored chunk that is near to a vector."""

    source: str
    id: str
    cosine: float


Stored = Mapping[str, Collection[str]]  # ids of chunks by their source


class VectorStore(Protocol):
    """Chunks by id and by nearness. Writing is idempotent; any thread may search meanwhile."""

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors, in_all: int = 0) -> None:
        """Row ``i`` of ``vectors``, of shape (n, dimension), is that of chunk ``i``.

        ``in_all``: how many chunks the source will have, where that is known to be more.
        """
        ...

    def delete(self, stored: Stored) -> None:
        """Forget the chunks; unknown ones are ignored."""
        ...

    def nearest(
        self, vector: Vectors, count: int, sources: Collection[str] | None = None
    ) -> list[Near]:
        """Best first; ``vector`` has shape (dimension,) or (1, dimension)."""
        ...

    def cosines(self, stored: Stored, vector: Vectors) -> dict[str, float]:
        """Similarity of one vector to chunks, by id; of unknown ones, none."""
        ...

    def get(self, stored: Stored) -> dict[str, Chunk]:
        """By id; of unknown ones, none."""
        ...

    def export(self, source: str) -> Iterator[tuple[list[Chunk], Vectors]]:
        """All chunks of a source, in batches."""
        ...

    def ids(self, source: str) -> set[str]: ...

    def sources(self) -> tuple[str, ...]: ...

    def count(self) -> int: ...

    def close(self) -> None: ...


class SearchIndex(Protocol):
    """Chunks by a question: its words and its vector."""

    def search(
        self, question: str, vector: Vectors, limit: int, scope: Scope = EVERYWHERE
    ) -> list[Passage]:
        """The passages that answer best, best first; one per API entry.

        Their order is not that of their scores, which stay cosines.
        """
        ...

    def lookup(self, symbol: str, limit: int, scope: Scope = EVERYWHERE) -> list[Passage]:
        """Entries of exactly this name, or whose name ends with it. Their score is 1."""
        ...

    def sources(self) -> tuple[str, ...]: ...

    def count(self) -> int: ...

    @property
    def dataset(self) -> str:
        """Version of the content; another content has another one."""
        ...


class ChunkIndex(SearchIndex, Protocol):
    """A search index that a run can change."""

    embedder_name: str
    staging: Path  # where runs leave what they have made so far

    def held(self, source: str) -> Mapping[str, Held]:
        """What each entry of a source holds now."""
        ...

    def apply(self, change: Change, report: Mapping[str, Any] | None = None) -> None:
        """Serve the content with the change, from one moment to the next; idempotent.

        Killed at any point it leaves the version from before, or the one after.
        """
        ...
