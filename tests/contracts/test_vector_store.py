"""What every ``VectorStore`` promises."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from indexer.index.shelf import SMALL
from indexer.index.store import ChromaStore
from indexer.types import Chunk, Embedder, VectorStore


class Put(Protocol):
    def __call__(self, *texts: str, source: str = "docs") -> list[Chunk]: ...


@pytest.fixture(params=["embedded", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    """In a folder, and on a real server."""
    if request.param == "embedded":
        opened = ChromaStore.embedded(tmp_path)
    else:
        opened = ChromaStore.served(request.getfixturevalue("chroma_server"), str(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def put(store: VectorStore, word_embedder: Embedder) -> Put:
    """Stores a chunk per text and returns them."""

    def put_texts(*texts: str, source: str = "docs") -> list[Chunk]:
        chunks = [Chunk(source, f"file:///{i}", f"t{i}", text) for i, text in enumerate(texts)]
        store.upsert(chunks, word_embedder.embed(texts))
        return chunks

    return put_texts


def found(store: VectorStore, embedder: Embedder, query: str, count: int = 10,
          sources: tuple[str, ...] | None = None) -> list[str]:  # fmt: skip
    near = store.nearest(embedder.embed([query]), count, sources)
    return [store.get({each.source: [each.id]})[each.id].text for each in near]


def test_empty_store_finds_nothing(store: VectorStore, word_embedder: Embedder) -> None:
    assert found(store, word_embedder, "anything") == []
    assert (store.count(), store.sources(), store.ids("docs")) == (0, (), set())
    assert store.get({"docs": ["0" * 32]}) == {}


def test_nearest_is_first_and_cosines_fall(
    store: VectorStore, put: Put, word_embedder: Embedder
) -> None:
    """The cosine is 1 for the chunk's own text, and the same when it is asked for by id."""
    chunks = put("sort an array", "sort a list", "open a socket")
    vector = word_embedder.embed(["sort an array"])
    near = store.nearest(vector, 3)
    assert [each.id for each in near] == [chunk.id for chunk in chunks]
    cosines = [each.cosine for each in near]
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[0] == pytest.approx(1, abs=1e-3)
    asked = store.cosines({"docs": [each.id for each in near] + ["0" * 32]}, vector)
    assert asked == {each.id: pytest.approx(each.cosine, abs=1e-3) for each in near}


def test_a_chunk_comes_back_as_it_was_stored(store: VectorStore, word_embedder: Embedder) -> None:
    """Every field, whether full, empty or not of this alphabet; one by one and all of a source."""
    full = Chunk("package:x", "file:///x.py", "x.f", "Text\nof it — ü 日本", "function", "x › f",
                 "1.0", "x.f", "x.f(a, b='\"')", "Text of it", ">>> f(1)\n2",
                 "Notes", 12, "addresses the model")  # fmt: skip
    bare = Chunk("package:x", "file:///y", "y", "other")
    vectors = word_embedder.embed([full.text, bare.text])
    store.upsert([full, bare], vectors)
    assert store.get({"package:x": [full.id, bare.id]}) == {full.id: full, bare.id: bare}
    ((chunks, exported),) = store.export("package:x")
    for chunk, vector in zip([full, bare], vectors, strict=True):
        assert exported[chunks.index(chunk)] == pytest.approx(vector, abs=1e-6)


def test_upsert_is_idempotent(store: VectorStore, put: Put, word_embedder: Embedder) -> None:
    """The same chunk twice, in two calls or in one, is stored once."""
    (chunk,) = put("one")
    put("one")
    store.upsert([chunk, chunk], word_embedder.embed(["one", "one"]))
    assert (store.count(), store.ids("docs")) == (1, {chunk.id})


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
def test_count_bounds_what_is_found(
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
    store.delete({"docs": [one.id, "0" * 32], "nowhere": [one.id]})
    assert store.ids("docs") == {two.id}
    assert found(store, word_embedder, "one", 9, ("docs",)) == ["two"]
    store.delete({"docs": [two.id]})
    assert (store.sources(), store.ids("other")) == (("other",), {other.id})
    put("again")
    assert found(store, word_embedder, "again", 9, ("docs",)) == ["again"]


def test_many_sources_are_searched_as_one(
    store: VectorStore, put: Put, word_embedder: Embedder
) -> None:
    """Best first across all of them, across some, and where some hold little of what is near."""
    names = [f"package:p{i}" for i in range(9)]
    for i, name in enumerate(names):
        put(f"sort number{i}", f"socket number{i}", source=name)
    vector = word_embedder.embed(["sort number4"])
    near = store.nearest(vector, 99)
    assert (near[0].source, near[0].cosine) == ("package:p4", pytest.approx(1, abs=1e-3))
    assert near == sorted(near, key=lambda each: -each.cosine)
    assert {each.source for each in near} == set(names)
    assert len({each.id for each in near}) == len(near) == 18
    some = names[:3] + names[5:7]
    assert found(store, word_embedder, "sort number6", 1, tuple(some)) == ["sort number6"]
    assert {each.source for each in store.nearest(vector, 99, some)} == set(some)
    # The nearest are all of a source that is not asked for.
    put(*(f"sort number4 {i}" for i in range(60)), source="package:p4")
    assert {each.source for each in store.nearest(vector, 10, some)} == set(some)
    store.delete({names[4]: store.ids(names[4]), names[6]: store.ids(names[6])})
    left = {name: store.ids(name) for name in names if name not in (names[4], names[6])}
    assert {each.source for each in store.nearest(vector, 99)} == left.keys()
    assert store.get({**left, "nowhere": ["0" * 32]}).keys() == set().union(*left.values())
    cosines = store.cosines({name: [*ids, "0" * 32] for name, ids in left.items()}, vector)
    assert cosines == pytest.approx(
        {each.id: each.cosine for each in store.nearest(vector, 99)}, abs=1e-3
    )


def test_small_and_large_sources_are_searched_together(
    store: VectorStore, put: Put, word_embedder: Embedder
) -> None:
    """Whether a source is small is decided by how many chunks it will have."""
    for i in range(5):
        put(f"sort number{i}", source=f"package:p{i}")
    large = [Chunk("package:large", "file:///l", "l", text) for text in ("sort number5", "other")]
    store.upsert(large, word_embedder.embed([chunk.text for chunk in large]), SMALL + 1)
    assert found(store, word_embedder, "sort number5", 1) == ["sort number5"]
    assert len(found(store, word_embedder, "sort number5", 9)) == 7
    store.delete({"package:large": [chunk.id for chunk in large]})
    assert len(found(store, word_embedder, "sort number5", 9)) == 5


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


def test_stores_of_several_indexes_share_a_server(
    chroma_server: str, word_embedder: Embedder
) -> None:
    """None sees the chunks of another; a store sees what another process wrote once it looks."""
    one, twin, other = (ChromaStore.served(chroma_server, name) for name in ("a", "a", "b"))
    chunk = Chunk("docs", "file:///a", "a", "words")
    one.upsert([chunk], word_embedder.embed(["words"]))
    assert (twin.sources(), other.sources()) == ((), ())
    twin.refresh()
    other.refresh()
    assert (twin.ids("docs"), other.ids("docs")) == ({chunk.id}, set())
    one.delete({"docs": [chunk.id]})
    for store in (one, twin, other):
        store.close()
