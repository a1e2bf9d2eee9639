"""What every ``VectorStore`` promises."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from indexer.store import ChromaStore
from indexer.types import Chunk, Embedder, VectorStore


class Put(Protocol):
    def __call__(self, *texts: str, source: str = "docs") -> list[Chunk]: ...


@pytest.fixture(params=["chroma"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    assert request.param == "chroma"
    with ChromaStore.open(tmp_path, embedder_name="words", dimension=64) as opened:
        yield opened


@pytest.fixture
def put(store: VectorStore, word_embedder: Embedder) -> Put:
    """Stores a chunk per text and returns them."""

    def put_texts(*texts: str, source: str = "docs") -> list[Chunk]:
        chunks = [Chunk(source, f"file:///{i}", f"t{i}", text) for i, text in enumerate(texts)]
        store.upsert(chunks, word_embedder.embed(texts))
        return chunks

    return put_texts


def found(store: VectorStore, embedder: Embedder, query: str, limit: int = 10,
          sources: tuple[str, ...] | None = None) -> list[str]:  # fmt: skip
    passages = store.search(embedder.embed([query]), limit, sources)
    return [passage.chunk.text for passage in passages]


def test_empty_store_finds_nothing(store: VectorStore, word_embedder: Embedder) -> None:
    assert found(store, word_embedder, "anything") == []
    assert (store.count(), store.sources(), store.ids("docs")) == (0, (), set())


def test_nearest_is_first_and_scores_fall(
    store: VectorStore, put: Put, word_embedder: Embedder
) -> None:
    """A score is the cosine similarity: 1 for the chunk's own text."""
    put("sort an array", "sort a list", "open a socket")
    passages = store.search(word_embedder.embed(["sort an array"]), 3)
    assert [passage.chunk.text for passage in passages] == [
        "sort an array",
        "sort a list",
        "open a socket",
    ]
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1, abs=1e-3)


def test_a_chunk_comes_back_as_it_was_stored(store: VectorStore, word_embedder: Embedder) -> None:
    """Every field, whether full, empty or not of this alphabet."""
    full = Chunk("package:x", "file:///x.py", "x.f", "Text\nof it — ü 日本", "function", "x › f",
                 "1.0", "x.f", "x.f(a, b='\"')", "Text of it", ">>> f(1)\n2",
                 "Notes", 12, "addresses the model")  # fmt: skip
    bare = Chunk("package:x", "file:///y", "y", "other")
    store.upsert([full, bare], word_embedder.embed([full.text, bare.text]))
    passages = store.search(word_embedder.embed([full.text]), 2)
    assert [passage.chunk for passage in passages] == [full, bare]


def test_upsert_is_idempotent(store: VectorStore, put: Put) -> None:
    """The same chunk twice, in two calls or in one, is stored once; the version stays."""
    (chunk,) = put("one")
    version = store.dataset
    put("one")
    assert (store.count(), store.ids("docs"), store.dataset) == (1, {chunk.id}, version)


def test_same_chunk_twice_in_one_call_is_stored_once(
    store: VectorStore, word_embedder: Embedder
) -> None:
    chunk = Chunk("docs", "file:///a", "a", "one")
    store.upsert([chunk, chunk], word_embedder.embed(["one", "one"]))
    assert store.count() == 1


def test_sources_narrow_the_search(store: VectorStore, put: Put, word_embedder: Embedder) -> None:
    """None is all of them, unknown ones are empty, best first across sources."""
    put("sort an array", source="package:a")
    put("sort it", "unrelated", source="a folder/ünïcode")
    assert store.sources() == ("a folder/ünïcode", "package:a")
    assert found(store, word_embedder, "sort an array", 2) == ["sort an array", "sort it"]
    assert found(store, word_embedder, "sort", 9, ("package:a",)) == ["sort an array"]
    assert found(store, word_embedder, "sort", 9, ("package:a", "nowhere", "package:a")) == [
        "sort an array"
    ]
    assert found(store, word_embedder, "sort", 9, ()) == []


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (-1, 0), (2, 2), (1000, 3)])
def test_limit_bounds_the_passages(
    store: VectorStore, put: Put, word_embedder: Embedder, limit: int, count: int
) -> None:
    put("one", "two", "three")
    assert len(found(store, word_embedder, "one", limit)) == count


def test_deleted_chunks_are_not_found(
    store: VectorStore, put: Put, word_embedder: Embedder
) -> None:
    """Unknown ids are ignored, and a source without chunks is no source."""
    one, two = put("one", "two")
    (other,) = put("one", source="other")
    store.delete([one.id, "0" * 32])
    assert store.ids("docs") == {two.id}
    assert found(store, word_embedder, "one", 9, ("docs",)) == ["two"]
    store.delete([two.id])
    assert (store.sources(), store.ids("other")) == (("other",), {other.id})
    put("again")
    assert found(store, word_embedder, "again", 9, ("docs",)) == ["again"]


def test_dataset_is_the_version_of_the_content(store: VectorStore, put: Put) -> None:
    """Another content has another version, the same content the same one, in any order."""
    seen = [store.dataset]
    one, two = put("one", "two")
    seen.append(store.dataset)
    store.delete([two.id])
    seen.append(store.dataset)
    assert len(set(seen)) == 3
    store.delete([one.id])
    assert store.dataset == seen[0]
    put("one")
    put("one", "two")
    assert store.dataset == seen[1]


def test_searches_run_beside_writes(store: VectorStore, put: Put, word_embedder: Embedder) -> None:
    """While a source is indexed from several threads, what is already there stays searchable."""
    put("the first chunk", source="first")
    with ThreadPoolExecutor(4) as pool:
        writes = [
            pool.submit(put, *(f"text {n} {i}" for i in range(20)), source=f"source{n % 2}")
            for n in range(8)
        ]
        while not all(write.done() for write in writes):
            assert found(store, word_embedder, "the first chunk", 1) == ["the first chunk"]
    assert [write.exception() for write in writes] == [None] * 8
    assert store.count() == 161


def test_an_api_entry_is_found_once(store: VectorStore, word_embedder: Embedder) -> None:
    """By its nearest chunk; sections of a page are passages of their own."""
    entry = [Chunk("package:x", "file:///x", "x.f", text, symbol="x.f") for text in ("a b", "a c")]
    page = [Chunk("docs", "file:///p", "Page", text) for text in ("a d", "a e")]
    store.upsert([*entry, *page], word_embedder.embed([chunk.text for chunk in [*entry, *page]]))
    texts = found(store, word_embedder, "a b")
    assert texts[0] == "a b"
    assert sorted(texts) == ["a b", "a d", "a e"]
