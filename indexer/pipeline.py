"""Brings the index up to date with a source: read what changed, cut it, embed what is new, switch.

It is synchronous, so callers that must not block run it on a thread. Nothing of a run is searchable
until its end, except what ``first`` asks for. If a run is killed at any point, the next one
completes it and embeds only what the journal lacks. Entries with an unchanged stamp are not read,
and unchanged chunks are not embedded again.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from indexer.chunkers import StructureChunker
from indexer.chunkers.blocks import CHARACTERS
from indexer.chunkers.limit import TooSlow, limited
from indexer.embedding import BATCH, Embedding, Progress, fill_tokens
from indexer.index.journal import Journal
from indexer.ranking.words import overlap
from indexer.readers import formats
from indexer.screening.markup import FIELDS, cleaned
from indexer.screening.suspicion import suspicion
from indexer.types import (
    Change,
    Chunk,
    Chunker,
    ChunkIndex,
    Document,
    Embedder,
    Entry,
    Held,
    IndexInUse,
    Ruler,
    Skipped,
    Source,
    SourceError,
    StampedSource,
)

# to cut and judge one document; a page of two million characters takes ten seconds
DOCUMENT_S = 60.0
FIRST = 48  # chunks that become searchable before all others

_CUT = 5  # version of reading and cutting; a new one makes every entry be read again
_EARLY = "\x1ffirst"  # the entry that holds what ``first`` made searchable before the run ended
_JUDGED = ("title", "section", "signature", "summary", "example", "text")


@runtime_checkable
class _Skips(Protocol):
    skipped: list[Skipped]


@runtime_checkable
class _Notes(Protocol):
    noted: list[Skipped]


@runtime_checkable
class _Names(Protocol):
    names: Mapping[str, Sequence[str]]


@runtime_checkable
class _Measures(Protocol):
    ruler: Ruler


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did. ``added + unchanged`` is what the source holds now."""

    source: str
    documents: int
    chunks: int
    added: int
    removed: int
    unchanged: int
    read: int  # entries with a new stamp
    skipped: tuple[Skipped, ...]
    seconds: float
    dataset: str = ""
    noted: tuple[Skipped, ...] = ()  # what was guessed or mended
    kinds: Mapping[str, int] = field(default_factory=dict)  # documents by format


def index(
    source: Source,
    embedder: Embedder,
    into: ChunkIndex,
    *,
    chunker: Chunker | None = None,
    progress: Progress = lambda done, total: None,
    first: str = "",
    on_first: Callable[[], None] = lambda: None,
) -> Report:
    """Indexes the source.

    ``progress`` is called with the number of chunks done and the number in all. ``first`` is a
    question: the chunks that share the most words with it become searchable before all others, and
    then ``on_first`` is called. Raises ``SourceError`` when the source cannot be read or holds
    nothing; the index is then unchanged.
    """
    started = time.perf_counter()
    with closing(Journal.open(into.staging, source.name, embedder.name)) as journal:
        if journal.complete:  # everything that a killed run embedded counts
            into.apply(journal.change(), journal.report)
            journal.clear()
        run = _Run(source, chunker, _ruler(embedder), into.held(source.name), journal)
        embedding = Embedding(embedder, journal, run.done, run.total, progress)
        if first:
            early = _ahead(journal, first)
            embedding.embed([early] if early else [])
            held = {_EARLY: Held("", 0, tuple(chunk.id for chunk in early))}
            into.apply(Change(source.name, held, frozenset(), journal.batches))
            run.gone.add(_EARLY)
        on_first()
        embedding.embed(journal.pending(BATCH))
        report = run.finish(time.perf_counter() - started)
        into.apply(journal.change(), journal.report)
        journal.discard()
    fill_tokens(embedder, into, source.name)
    return replace(report, dataset=into.dataset, seconds=time.perf_counter() - started)


def stage(
    source: Source,
    embedder: Embedder,
    held: Mapping[str, Held],
    journal: Journal,
    *,
    chunker: Chunker | None = None,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Does everything but the last step; the owner of the index takes in the complete journal.

    ``held`` is what the index has of the source. Raises what ``index`` raises.
    """
    started = time.perf_counter()
    if journal.complete:
        raise IndexInUse(f"A finished run of {source.name} waits to be taken into the index.")
    run = _Run(source, chunker, _ruler(embedder), held, journal)
    Embedding(embedder, journal, run.done, run.total, progress).embed(journal.pending(BATCH))
    return run.finish(time.perf_counter() - started)


def changed(source: Source, held: Mapping[str, Held]) -> int | None:
    """How many entries a run would read or drop; None when it has to read everything to know."""
    if not isinstance(source, StampedSource):
        return None
    listed = {_storable(entry.key): _stamp(entry) for entry in source.entries()}
    new = sum(key not in held or held[key].stamp != stamp for key, stamp in listed.items())
    return new + len(held.keys() - listed.keys())


@dataclass(slots=True)
class _Read:
    """What the entries that were read hold, and which chunks of them are new."""

    held: dict[str, Held] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # keys of all entries that the source lists
    new: set[str] = field(default_factory=set)
    unlisted: list[Skipped] = field(default_factory=list)  # left out before they became entries


class _Run:
    """One run. Making it reads and cuts what changed into the journal; then it can report."""

    def __init__(
        self,
        source: Source,
        chunker: Chunker | None,
        ruler: Ruler,
        held: Mapping[str, Held],
        journal: Journal,
    ) -> None:
        self._source = source
        self._chunker = chunker or StructureChunker(ruler)
        self._ruler = ruler
        self._held = held
        self._journal = journal
        self._stored = {chunk_id for each in held.values() for chunk_id in each.ids}
        self._read = self._cut()
        self.gone = set(held) - self._read.seen
        after = {key: each for key, each in held.items() if key not in self.gone} | self._read.held
        self._after = after
        self._ids = {chunk_id for each in after.values() for chunk_id in each.ids}
        # When a source that lists its entries is empty now, what was indexed of it goes; one that
        # can't be listed has raised before. One that never held anything is probably a mistake.
        if not self._ids and not (self._stored and isinstance(source, StampedSource)):
            skipped = [one for each in after.values() for one in each.skipped]
            raise SourceError(
                f"{source.name} holds nothing to index.{_why([*self._read.unlisted, *skipped])}"
            )
        journal.keep(self._read.new)
        self.total = len(self._ids)
        self.done = self.total - journal.lacking

    def finish(self, seconds: float) -> Report:
        """Completes the journal."""
        report = Report(
            source=self._source.name,
            documents=sum(each.documents for each in self._after.values()),
            chunks=len(self._ids),
            added=len(self._ids - self._stored),
            removed=len(self._stored - self._ids),
            unchanged=len(self._ids & self._stored),
            read=len(self._read.held),
            skipped=(
                *self._read.unlisted,
                *(one for each in self._after.values() for one in each.skipped),
            ),
            seconds=round(seconds, 3),
            noted=tuple(one for each in self._after.values() for one in each.noted),
            kinds=_by_format(self._after),
        )
        names = {"names": self._source.names} if isinstance(self._source, _Names) else {}
        self._journal.finish(self._read.held, self.gone, asdict(report) | names)
        return report

    def _cut(self) -> _Read:
        found = _Read()
        pending: dict[str, Chunk] = {}
        told = 0
        for entry in self._entries():
            key, stamp = _storable(entry.key), _stamp(entry)
            found.seen.add(key)
            before = self._held.get(key)
            if entry.stamp and before is not None and before.stamp == stamp:
                continue
            found.unlisted += self._skipped()[told:]
            left_out, guessed = len(self._skipped()), len(self._noted())
            documents = 0
            ids: dict[str, None] = {}
            late: list[Skipped] = []
            for document in self._documents(entry):
                try:
                    chunks = self._chunks(document)
                except TooSlow as error:
                    late.append((document.uri, str(error)))
                    continue
                documents += 1
                for chunk in chunks:
                    ids[chunk.id] = None
                    if chunk.id not in self._stored:
                        pending[chunk.id] = chunk
                if len(pending) >= BATCH:
                    self._put(pending, found)
            skipped = tuple(self._skipped()[left_out:])
            told = left_out + len(skipped)
            noted = tuple(self._noted()[guessed:])
            found.held[key] = Held(stamp, documents, tuple(ids), (*skipped, *late), noted)
        found.unlisted += self._skipped()[told:]
        self._put(pending, found)
        return found

    def _chunks(self, document: Document) -> list[Chunk]:
        """All chunks of a document, or none: raises ``TooSlow``."""
        ends = time.monotonic() + DOCUMENT_S
        chunks: list[Chunk] = []
        for chunk in self._chunker.chunks(document):
            chunks += (_judged(_cleaned(piece)) for piece in limited(chunk))
            if time.monotonic() > ends:
                raise TooSlow(f"took more than {DOCUMENT_S:.0f} s to cut")
        return chunks

    def _put(self, pending: dict[str, Chunk], found: _Read) -> None:
        chunks = list(pending.values())
        self._journal.put(chunks, [self._ruler.size(chunk.embedded_text) for chunk in chunks])
        found.new.update(pending)
        pending.clear()

    def _entries(self) -> Iterator[Entry]:
        """A source without stamps is one entry, which is always read."""
        return (
            self._source.entries()
            if isinstance(self._source, StampedSource)
            else iter([Entry("", "")])
        )

    def _documents(self, entry: Entry) -> Iterator[Document]:
        if isinstance(self._source, StampedSource):
            return self._source.read(entry)
        return self._source.documents()

    def _skipped(self) -> Sequence[Skipped]:
        return self._source.skipped if isinstance(self._source, _Skips) else ()

    def _noted(self) -> Sequence[Skipped]:
        return self._source.noted if isinstance(self._source, _Notes) else ()


def _ruler(embedder: Embedder) -> Ruler:
    """The ruler of the embedder, if it has one; chunks are then as long as the embedder reads."""
    return embedder.ruler if isinstance(embedder, _Measures) else CHARACTERS


def _cleaned(chunk: Chunk) -> Chunk:
    """The chunk without markup that an editor would follow. Done once here, not with every
    question.
    """
    changed: dict[str, Any] = dict(
        cleaned({name: getattr(chunk, name) for name in FIELDS}, chunk.kind)
    )
    return replace(chunk, **changed) if changed else chunk


def _judged(chunk: Chunk) -> Chunk:
    """The chunk with the reason why it is suspicious, if it is. Done once here, not with every
    question.
    """
    # The arrows in a breadcrumb are ours and often the only characters that are not ASCII. Judging
    # plain ASCII takes half the time.
    place = chunk.breadcrumb.replace(" › ", " | ")
    why = suspicion("\n\n".join((place, *(getattr(chunk, name) for name in _JUDGED))))
    return replace(chunk, suspicion=why) if why else chunk


def _by_format(held: Mapping[str, Held]) -> dict[str, int]:
    """How many documents there are of each format, the most frequent first."""
    counts: Counter[str] = Counter()
    for key, each in held.items():
        if key != _EARLY:
            counts[formats.called(key)] += each.documents
    return {name: count for name, count in counts.most_common() if count}


def _why(skipped: Sequence[Skipped]) -> str:
    """The most frequent reason, with the first entry that it is about."""
    if not skipped:
        return ""
    reasons = Counter(why for _, why in skipped)
    why, count = reasons.most_common(1)[0]
    what = next(what for what, each in skipped if each == why)
    if len(skipped) == 1:
        return f" Skipped: {what}: {why}."
    return f" Skipped: {len(skipped)}, and {count} of them because of: {why}. The first is {what}."


def _stamp(entry: Entry) -> str:
    return f"{_CUT}:{_storable(entry.stamp)}"


def _storable(text: str) -> str:
    """The text without lone surrogates, which file names may have."""
    return text.encode("utf-8", "backslashreplace").decode()


def _ahead(journal: Journal, question: str) -> list[Chunk]:
    """The ``FIRST`` chunks that share the most words with the question.

    There is one chunk per API entry, because that has the entry's signature, summary and example.
    """
    chunks = [chunk for batch in journal.pending(BATCH) for chunk in batch]
    by_text = overlap(question, [chunk.embedded_text for chunk in chunks])
    by_headline = overlap(question, [chunk.headline for chunk in chunks])
    order = sorted(range(len(chunks)), key=lambda i: -by_text[i] - by_headline[i])
    best: dict[str, Chunk] = {}
    for i in order:
        best.setdefault(chunks[i].symbol or chunks[i].id, chunks[i])
    return list(best.values())[:FIRST]
