"""Finds chunks by their words with BM25. Only this file imports tantivy.

``indexer.ranking.words`` decides what a word is; tantivy gets terms with blanks between them. This
index can always be rebuilt from the stored chunks, and ``dataset`` says which version of them it
holds. tantivy commits atomically, so a process killed at any point leaves the last commit.
"""

import json
import logging
import os
import shutil
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from indexer.ranking.card import Card, card_of
from indexer.ranking.words import root, terms
from indexer.readers.terms import names
from indexer.types import Chunk, IndexerError

SCHEMA = 4  # version of fields and terms; another version is rebuilt
_STATE = "glossator.json"
_HEAP_BYTES = 64_000_000
_PARTS = 32  # parts of a symbol that it can be found by; the anchor of a page may be anything
_NAMED = 200  # chunks that are looked at for one name
# The fields weigh the same. With symbol and headline at double weight, 31% of 1,055 sentences of
# release notes (see docs/retrieval.md) found their entry among the first five, because words that
# occur only in a text counted too little. At equal weight it was 36%, and 39% with the roots of all
# words.
FIELDS = ("symbol", "headline", "text", "roots")

_log = logging.getLogger(__name__)


_decode = msgspec.msgpack.Decoder(Card).decode
_encode = msgspec.msgpack.Encoder().encode


class LexicalIndex:
    """A lexical index in ``folder``, or in memory when that is None. Any thread may use it.

    One process may write to a folder, any number may read it. Writers are serialised; searches run
    in parallel and see the last commit. Raises ``IndexerError`` when it cannot be written, and when
    it cannot be opened or has another schema: then ``wipe`` it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        try:
            import tantivy
        except ImportError as error:
            raise IndexerError(
                "The index needs tantivy: pip install 'glossator[serve]'."
            ) from error
        self._tantivy = tantivy
        self._folder = folder
        self._writing = threading.Lock()
        self._writer: Any = None
        self.dataset = ""
        self._schema = _schema(tantivy)
        if folder is None:
            self._index = tantivy.Index(self._schema)
            return
        try:
            self.dataset = _read_state(folder)
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder), reuse=True)
        except (ValueError, OSError) as error:
            raise IndexerError(
                f"The lexical index in {folder} cannot be opened: {error}"
            ) from error

    @staticmethod
    def exists(folder: Path) -> bool:
        return (folder / _STATE).exists()

    @staticmethod
    def wipe(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Adds chunks, which become visible with the next ``commit``. It replaces chunks with the
        same id.
        """
        with self._writing, self._mapped():
            writer = self._open_writer()
            for chunk in chunks:
                writer.delete_documents_by_term("key", _key(chunk.id))
                writer.add_document(self._document(chunk))

    def delete(self, ids: Iterable[str]) -> None:
        """Deletes chunks at the next ``commit``; unknown ids are ignored."""
        with self._writing, self._mapped():
            writer = self._open_writer()
            for chunk_id in ids:
                writer.delete_documents_by_term("key", _key(chunk_id))

    def commit(self, dataset: str) -> None:
        """Makes all additions and deletions visible, as version ``dataset`` of the content."""
        with self._writing, self._mapped():
            if self._writer is not None:
                self._writer.commit()
                self._index.reload()
            if self._folder is not None:
                # This is written after tantivy's own commit. After a kill in between, the version
                # is the old one, and the next process that opens the index compares it with the
                # store chunk by chunk.
                _write_state(self._folder, dataset)
            self.dataset = dataset

    def refresh(self) -> None:
        """Loads what another process has committed."""
        self._index.reload()

    def ids(self) -> set[str]:
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return set()
        hits = searcher.search(self._tantivy.Query.all_query(), searcher.num_docs, count=False).hits
        return {_card(searcher, address).id for _, address in hits}

    def search(
        self,
        question: Sequence[str],
        limit: int,
        sources: Sequence[str] | None = None,
        hidden: Collection[str] = (),
    ) -> list[tuple[Card, float]]:
        """The best chunks for the terms of a question, with their BM25 scores.

        Returns at most ``limit``, and fewer when some of the best are ``hidden``, which are ids
        that must not be found.
        """
        query = self._within(self._any_of(question), sources)
        found = self._cards(query, limit * 2 if hidden else limit)
        return [(card, score) for card, score in found if card.id not in hidden][:limit]

    def named(
        self, name: str, sources: Sequence[str] | None = None, hidden: Collection[str] = ()
    ) -> list[Card]:
        """The entries whose symbol is ``name``, else those whose symbol ends with it.

        Packages often export a name that is documented deeper: ``networkx.bfs_tree`` finds
        ``networkx.algorithms…bfs_tree``. The question's own spelling comes first. Each entry is
        given by its first chunk.
        """
        package, _, rest = name.partition(".")
        found = self._ending(name, sources, hidden) or [
            card
            for card in self._ending(rest, sources, hidden)
            if card.symbol.startswith(f"{package}.")
        ]
        whole = [card for card in found if card.symbol == name]
        same_case = [card for card in found if card.symbol.endswith(f".{rest or name}")]
        return whole or same_case or found

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        """Cards by chunk id; missing chunks are left out."""
        if not ids:
            return {}
        keys = [_key(chunk_id) for chunk_id in ids]
        query = self._tantivy.Query.term_set_query(self._schema, "key", keys)
        return {each.id: each for each, _ in self._cards(query, len(ids))}

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """In how many chunk texts each term occurs."""
        searcher = self._index.searcher()
        return {word: searcher.doc_freq("text", word) for word in words}

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def close(self) -> None:
        """Closes the index; calling it again does nothing. Uncommitted changes are lost."""
        with self._writing:
            self._give_up_writer()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Maps errors. A writer that failed cannot be used again, so the next change opens a new
        one.
        """
        try:
            yield
        except (ValueError, OSError) as error:
            self._give_up_writer()
            raise IndexerError(
                f"The lexical index in {self._folder} cannot be written ({error})."
            ) from error

    def _give_up_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(ValueError, OSError):
                writer.rollback()
                writer.wait_merging_threads()

    def _open_writer(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(_HEAP_BYTES, num_threads=1)
        return self._writer

    def _document(self, chunk: Chunk) -> Any:
        text = terms(chunk.text)
        known = card_of(chunk, text)
        # Documents are built field by field. From keywords tantivy would guess the types of the
        # fields, and a wrong guess kills the writer's thread.
        document = self._tantivy.Document()
        document.add_integer("key", _key(chunk.id))
        document.add_text("source", chunk.source)
        for suffix in _found_by(chunk):
            document.add_text("names", suffix)
        document.add_text("symbol", known.name)
        document.add_text("headline", known.headline)
        document.add_text("text", " ".join(text))
        around = terms(chunk.breadcrumb.rpartition(" › ")[0]) if chunk.symbol else []
        said = (*text, *known.headline.split(), *known.name.split(), *around)
        document.add_text("roots", " ".join(map(root, said)))
        document.add_bytes("card", _encode(known))
        return document

    def _any_of(self, question: Sequence[str]) -> Any:
        tantivy, schema = self._tantivy, self._schema
        roots = [root(term) for term in question]
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, field, term, "freq"))
            for field in FIELDS
            for term in dict.fromkeys(roots if field == "roots" else question)
        ]
        return tantivy.Query.boolean_query(clauses)

    def _within(self, query: Any, sources: Sequence[str] | None) -> Any:
        if sources is None:
            return query
        tantivy = self._tantivy
        scope = tantivy.Query.term_set_query(self._schema, "source", list(sources))
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, query),
                (tantivy.Occur.Must, tantivy.Query.const_score_query(scope, 0.0)),
            ]
        )

    def _ending(
        self, name: str, sources: Sequence[str] | None, hidden: Collection[str]
    ) -> list[Card]:
        """All entries whose symbol ends with a name, ignoring case; the shortest symbol first."""
        query = self._tantivy.Query.term_query(self._schema, "names", name.lower())
        cards = self._cards(self._within(query, sources), _NAMED)
        found = [card for card, _ in cards if card.id not in hidden]
        found.sort(key=lambda card: (card.section, card.symbol.count("."), card.symbol))
        entries: dict[str, Card] = {}
        for card in found:
            entries.setdefault(card.entry, card)
        return list(entries.values())

    def _cards(self, query: Any, limit: int) -> list[tuple[Card, float]]:
        searcher = self._index.searcher()
        try:
            hits = searcher.search(query, limit, count=False).hits
            return [(_card(searcher, address), score) for score, address in hits]
        except (ValueError, OSError) as error:
            raise IndexerError(
                f"The lexical index cannot be searched ({error}). Remove {self._folder}: "
                "it is made anew from the index."
            ) from error


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", indexed=True)
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("names", tokenizer_name="raw", index_option="basic")
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    builder.add_bytes_field("card", stored=True)
    return builder.build()


def _card(searcher: Any, address: Any) -> Card:
    return _decode(bytes(searcher.doc(address).get_first("card")))


def _key(chunk_id: str) -> int:
    """60 bits of the 128 of an id: an integer field holds them, and they are still unique."""
    return int(chunk_id[:15], 16)


def _found_by(chunk: Chunk) -> list[str]:
    """The names that a chunk is found by: those of an option are whole.

    It has one for each of its spellings.
    """
    if chunk.kind != "option":
        return _suffixes(chunk.symbol.lower())
    spelled = names(chunk.signature.split("\n"))
    return list(dict.fromkeys(each.lower() for each in (chunk.symbol, *spelled)))


def _suffixes(symbol: str) -> list[str]:
    """The symbol, and its endings after each dot; of very many parts only the last."""
    parts = symbol.split(".")[-_PARTS:]
    return [".".join(parts[i:]) for i in range(len(parts))] if symbol else []


def _read_state(folder: Path) -> str:
    """The version that the index holds. Raises ``ValueError`` for another schema."""
    try:
        state = json.loads((folder / _STATE).read_text("utf-8"))
    except FileNotFoundError:
        return ""
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        raise ValueError("it was made by another version")
    return str(state.get("dataset", ""))


def _write_state(folder: Path, dataset: str) -> None:
    temporary = folder / f"{_STATE}.new"
    temporary.write_text(json.dumps({"schema": SCHEMA, "dataset": dataset}), "utf-8")
    os.replace(temporary, folder / _STATE)  # noqa: PTH105 — atomic, and says so
