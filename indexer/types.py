"""The data that flows through the indexer, and the ports of its parts.

document (read from a source) → chunk (stored) → passage (retrieved, scored).
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Kind = Literal["function", "class", "module", "option", "page", "code"]
Skipped = tuple[str, str]  # what was left out, and why
Vectors = npt.NDArray[np.float32]  # shape (texts, dimension), rows of unit length
Tokens = npt.NDArray[np.int8]  # directions of a text's tokens, shape (tokens, bytes of a token)


class IndexerError(Exception):
    """The base of all errors here. The message tells the user what happened and what to do next."""


class SourceError(IndexerError):
    """A source could not be read, or held nothing."""


class IndexMismatch(IndexerError):
    """Another embedder, or another version of this store, made the index on disk."""


class IndexDamaged(IndexerError):
    """A part of the index on disk cannot be read; its contents have to be indexed again."""


class IndexInUse(IndexerError):
    """Another process owns the index, or runs the same source; ``owner`` says which."""

    def __init__(self, message: str, owner: str = "") -> None:
        super().__init__(message)
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Document:
    """One page or one API entry, as its source gave it."""

    source: str  # as declared: "package:numpy", "docs/guide"
    uri: str  # the address that a citation opens
    title: str  # "numpy.fft.irfft", "Installing"
    text: str
    kind: Kind = "page"
    breadcrumb: tuple[str, ...] = ()  # from the source's root to the title, inclusive
    version: str = ""
    symbol: str = ""  # fully qualified, for API entries
    signature: str = ""  # "numpy.fft.irfft(a, n=None, axis=-1, norm=None, out=None)"
    line: int | None = None  # 1-based line of the definition; 1 for a page whose lines are cited
    # How the text is written: rst (also for plain text), markdown, rendered (Markdown that a reader
    # made from another format), python, go …
    language: str = "rst"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored piece of a document. ``id`` is the hash of everything that is stored."""

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
    section: str = ""  # heading within the document; "" for the beginning
    line: int | None = None
    suspicion: str = ""  # why it seems to instruct a model instead of a reader; "" if it does not
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
            # It is included only when there is one. A new verdict makes a new chunk, which is
            # stored anew.
            *((self.suspicion,) if self.suspicion else ()),
        )
        digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16)
        object.__setattr__(self, "id", digest.hexdigest())

    @property
    def embedded_text(self) -> str:
        """What the embedder reads: the place of the chunk, then its text."""
        heading = " › ".join(part for part in (self.breadcrumb or self.title, self.section) if part)
        return f"{heading}\n{self.text}"

    @property
    def headline(self) -> str:
        """The chunk's API entry in one line, an option with its page; "" for a page."""
        if not (self.symbol and self.summary):
            return ""
        page = self.breadcrumb.split(" › ")[-2:-1] if self.kind == "option" else []
        return " ".join((*page, f"{self.symbol}: {self.summary}"))


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk; a higher ``score`` is better (cosine similarity, -1 to 1)."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that an indexed package does not have."""

    name: str  # as it was asked for: "numpy.linalg.inverse"
    lacking: str  # its first part that does not exist, with what stands before it
    nearest: str = ""  # a real name that may be meant


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found, best first, and how likely it is that something indexed answers.

    ``answerable`` is a probability; None when nothing was indexed where the search looked.
    """

    passages: tuple[Passage, ...] = ()
    answerable: float | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a search looks, and what is known of the code that the question is about.

    ``sources`` limit the search: None means all, and an unknown source is empty. The rest are hints
    and limit nothing. Entries of imported ``packages`` rank higher. Entries that ``symbols`` name
    are found even when no word of the question finds them; these are the symbols at the cursor,
    resolved through the imports where possible (``numpy.fft.rfft``).
    """

    sources: tuple[str, ...] | None = None
    packages: tuple[str, ...] = ()  # top-level, as imported
    symbols: tuple[str, ...] = ()
    tenant: str = ""  # who asks; what is kept of a search is shared within a tenant only

    def within(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Those of the sources in which it looks, in their order."""
        return tuple(each for each in sources if self.sources is None or each in self.sources)


EVERYWHERE = Scope()


class Source(Protocol):
    """Reads documents. Raises ``SourceError`` when it cannot read them or there are none."""

    name: str

    def documents(self) -> Iterator[Document]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A place of documents in a source: a file, a page of a site, an installed package.

    ``stamp`` changes whenever the content may have changed, and is known without reading it:
    modification time and size, a blob's hash, an ETag, an installed version.
    """

    key: str  # unique within the source, the same in every run
    stamp: str


@runtime_checkable
class StampedSource(Source, Protocol):
    """A source whose changes are known without reading all of it.

    A run reads the entries with a new stamp, drops those that are no longer listed, and leaves all
    others alone. ``documents`` is ``read`` of all ``entries``, in order.
    """

    def entries(self) -> Iterator[Entry]: ...

    def read(self, entry: Entry) -> Iterator[Document]: ...


class Chunker(Protocol):
    """Cuts a document by its structure. Pure."""

    def chunks(self, document: Document) -> Iterator[Chunk]: ...


class Ruler(Protocol):
    """Measures how long texts are for an embedder."""

    def size(self, text: str) -> int: ...

    def room(self, heading: str) -> int:
        """How much text the embedder reads below the heading."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What an entry of a source held when it was last read."""

    stamp: str
    documents: int
    ids: tuple[str, ...]  # ids of its chunks
    skipped: tuple[Skipped, ...] = ()
    noted: tuple[Skipped, ...] = ()  # what was guessed or mended, and where


@dataclass(frozen=True, slots=True)
class TokenForm:
    """How the tokens of texts are written down. Only tokens of the same form can be compared."""

    made_by: str  # the model and the projection
    width: int  # bytes of a token


@dataclass(frozen=True, slots=True)
class Change:
    """What a run changes in one source: the entries that it read, and those that are gone.

    ``batches`` gives the wanted chunks that are new, with their vectors, and ``tokens`` the token
    vectors of the wanted chunks, as far as there are any, in the form ``token_form``.
    """

    source: str
    held: Mapping[str, Held]
    gone: frozenset[str]
    batches: Callable[[Collection[str]], Iterable[tuple[Sequence[Chunk], Vectors]]]
    tokens: Callable[[Collection[str]], Mapping[str, Tokens]] = lambda wanted: {}
    token_form: TokenForm | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question as an embedder reads it: its vector of shape (1, dimension), and its tokens."""

    vector: Vectors
    tokens: Tokens | None = None


class Embedder(Protocol):
    """Turns texts into unit vectors. ``name`` identifies the weights, and an index stores it."""

    name: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors: ...


@runtime_checkable
class QuestionEmbedder(Embedder, Protocol):
    """An embedder that reads questions in another way than passages, as many models want it."""

    def ask(self, question: str) -> Query: ...


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that also gives the directions of a text's tokens, for late interaction.

    ``tokens`` is None when it cannot, or was told not to.
    """

    tokens: TokenForm | None

    def embed_tokens(self, texts: Sequence[str]) -> tuple[Vectors, Sequence[Tokens]]:
        """The vectors of passages, and the tokens of each."""
        ...


def ask(embedder: Embedder, question: str) -> Query:
    """A question as any embedder reads it."""
    if isinstance(embedder, QuestionEmbedder):
        return embedder.ask(question)
    return Query(embedder.embed([question]))


class Reranker(Protocol):
    """Reads a question together with each text: slow and accurate, for a few of the best."""

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]: ...


@dataclass(frozen=True, slots=True)
class Near:
    """A stored chunk near a vector."""

    source: str
    id: str
    cosine: float


Stored = Mapping[str, Collection[str]]  # ids of chunks by their source


class VectorStore(Protocol):
    """Stores chunks, and finds them by id and by nearness.

    Writing is idempotent, and any thread may search meanwhile.
    """

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors, in_all: int = 0) -> None:
        """Stores chunks; row ``i`` of ``vectors``, of shape (n, dimension), belongs to chunk ``i``.

        ``in_all`` is how many chunks the source will have, when that is known to be more.
        """
        ...

    def delete(self, stored: Stored) -> None:
        """Deletes the chunks; unknown ids are ignored."""
        ...

    def nearest(
        self, vector: Vectors, count: int, sources: Collection[str] | None = None
    ) -> list[Near]:
        """The nearest chunks, best first. ``vector`` has shape (dimension,) or (1, dimension)."""
        ...

    def cosines(self, stored: Stored, vector: Vectors) -> dict[str, float]:
        """The similarity of a vector to each chunk, by id, without unknown ids."""
        ...

    def get(self, stored: Stored) -> dict[str, Chunk]:
        """Chunks by id, without unknown ids."""
        ...

    def export(self, source: str) -> Iterator[tuple[list[Chunk], Vectors]]:
        """All chunks of a source, in batches."""
        ...

    def ids(self, source: str) -> set[str]: ...

    def sources(self) -> tuple[str, ...]: ...

    def count(self) -> int: ...

    def close(self) -> None: ...


class SearchIndex(Protocol):
    """Finds chunks for a question, by its words and its vector."""

    def search(
        self,
        question: str,
        query: Vectors | Query,
        limit: int,
        scope: Scope = EVERYWHERE,
    ) -> list[Passage]:
        """The passages that answer best, best first, one per API entry.

        ``query`` is what the embedder makes of the question. Scores are cosines and do not decide
        the order.
        """
        ...

    def results(
        self, question: str, query: Query, limit: int, scope: Scope = EVERYWHERE
    ) -> Results:
        """The same passages, and whether they are likely to answer."""
        ...

    def lookup(self, symbol: str, limit: int, scope: Scope = EVERYWHERE) -> list[Passage]:
        """The entries with exactly this name, or whose name ends with it. Every score is 1."""
        ...

    def unknown(self, names: Sequence[str], scope: Scope = EVERYWHERE) -> list[Unknown]:
        """Those of the fully qualified names that an indexed package surely does not have."""
        ...

    def sources(self) -> tuple[str, ...]: ...

    def count(self) -> int: ...

    @property
    def dataset(self) -> str:
        """The version of the content; other content has another version."""
        ...


class ChunkIndex(SearchIndex, Protocol):
    """A search index that a run can change."""

    embedder_name: str
    staging: Path  # the folder in which runs keep their journals

    def held(self, source: str) -> Mapping[str, Held]:
        """What each entry of a source holds now."""
        ...

    def apply(self, change: Change, report: Mapping[str, Any] | None = None) -> None:
        """Serves the content with the change, from one moment to the next. Calling it again is
        harmless.

        After a kill at any point the version is the old one or the new one.
        """
        ...

    def without_tokens(self, source: str, form: TokenForm) -> Iterator[list[Chunk]]:
        """The chunks of a source that lack token vectors of this form, in batches."""
        ...

    def add_tokens(self, rows: Mapping[str, Tokens]) -> None:
        """Adds token vectors of chunks by id. No search is wrong without them."""
        ...
