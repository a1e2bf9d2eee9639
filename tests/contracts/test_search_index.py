"""What every ``SearchIndex`` promises, and every ``ChunkIndex``."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pytest

from indexer.index.search import HybridIndex
from indexer.types import EVERYWHERE, Chunk, ChunkIndex, Embedder, Passage, Scope


class Put(Protocol):
    def __call__(self, *texts: str, source: str = "docs") -> list[Chunk]: ...


class Add(Protocol):
    def __call__(self, *chunks: Chunk) -> None: ...


class Forget(Protocol):
    def __call__(self, source: str, *ids: str) -> None: ...


@pytest.fixture(params=["embedded", "server"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChunkIndex]:
    """Chroma in the folder, and a real server of it."""
    url = request.getfixturevalue("chroma_server") if request.param == "server" else ""
    with HybridIndex.open(tmp_path, embedder_name="words", dimension=64, chroma_url=url) as opened:
        yield opened


@pytest.fixture
def add(index: ChunkIndex, word_embedder: Embedder, stored: Any) -> Add:
    return lambda *chunks: stored(index, word_embedder, *chunks)


@pytest.fixture
def forget(index: ChunkIndex, stored: Any) -> Forget:
    return lambda source, *ids: stored.forget(index, source, ids)


@pytest.fixture
def put(add: Add) -> Put:
    """Stores a chunk per text and returns them."""

    def put_texts(*texts: str, source: str = "docs") -> list[Chunk]:
        chunks = [Chunk(source, f"file:///{i}", f"t{i}", text) for i, text in enumerate(texts)]
        add(*chunks)
        return chunks

    return put_texts


def entry(symbol: str, text: str, section: str = "") -> Chunk:
    return Chunk("package:p", "file:///p.py", symbol, text, "function", symbol=symbol,
                 signature=f"{symbol}(x)", summary=text, section=section)  # fmt: skip


def asked(index: ChunkIndex, embedder: Embedder, question: str, limit: int = 10,
          sources: tuple[str, ...] | None = None) -> list[Passage]:  # fmt: skip
    return index.search(question, embedder.embed([question]), limit, Scope(sources))


def texts(passages: list[Passage]) -> list[str]:
    return [passage.chunk.text for passage in passages]


def test_empty_index_finds_nothing(index: ChunkIndex, word_embedder: Embedder) -> None:
    assert asked(index, word_embedder, "anything") == []
    assert (index.count(), index.sources(), index.held("docs")) == (0, (), {})


def test_score_is_the_cosine_whatever_the_order(
    index: ChunkIndex, put: Put, word_embedder: Embedder
) -> None:
    put("sort an array", "sort a list", "open a socket")
    first = asked(index, word_embedder, "sort an array")[0]
    assert first.chunk.text == "sort an array"
    assert first.score == pytest.approx(1, abs=1e-3)


def test_what_is_named_comes_first(index: ChunkIndex, add: Add, word_embedder: Embedder) -> None:
    """Whole or by its end, in its own case, however much better others fit in words."""
    entries = [
        entry("numpy.where", "Choose elements."),
        entry("numpy.ma.where", "Masked where."),
        entry("numpy.Where", "A class."),
        entry("numpy.do", "what does what do"),
    ]
    add(*entries)

    def first(question: str) -> str:
        return asked(index, word_embedder, question)[0].chunk.symbol

    assert first("what does np.where do") == "numpy.where"
    assert first("what does ma.where do") == "numpy.ma.where"
    assert first("what does numpy.Where do") == "numpy.Where"
    assert first("what does numpy.gone.do do") == "numpy.do"


def test_name_of_nothing_is_a_word_like_others(
    index: ChunkIndex, put: Put, word_embedder: Embedder
) -> None:
    put("read_csv reads a table", "other words")
    assert texts(asked(index, word_embedder, "read_csv"))[0] == "read_csv reads a table"


def test_an_entry_is_found_once_by_the_chunk_nearest_to_the_question(
    index: ChunkIndex, add: Add, word_embedder: Embedder
) -> None:
    chunks = [entry("p.f", "a b"), entry("p.f", "a c", "Notes"), entry("p.g", "a d")]
    add(*chunks)
    assert sorted(texts(asked(index, word_embedder, "a c"))) == ["a c", "a d"]


def test_a_word_finds_what_vectors_miss(
    index: ChunkIndex, put: Put, word_embedder: Embedder
) -> None:
    """With more chunks than dense search looks at, all as near to the question."""
    put(*(f"filler {i}" for i in range(300)), "filler xyzzy")
    vector = word_embedder.embed(["filler"])
    assert texts(index.search("xyzzy", vector, 1)) == ["filler xyzzy"]


def test_sources_narrow_the_search(
    index: ChunkIndex, put: Put, add: Add, word_embedder: Embedder
) -> None:
    """None is all of them, unknown ones are empty; a name outside of them is not found either."""
    put("sort an array", source="package:a")
    put("sort it", "unrelated", source="a folder/ünïcode")
    add(entry("p.sort", "sort"))
    assert len(asked(index, word_embedder, "sort")) == 4
    assert texts(asked(index, word_embedder, "p.sort", 9, ("package:a",))) == ["sort an array"]
    assert texts(asked(index, word_embedder, "sort", 9, ("package:a", "nowhere"))) == [
        "sort an array"
    ]
    assert asked(index, word_embedder, "sort", 9, ()) == []


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (-1, 0), (2, 2), (1000, 3)])
def test_limit_bounds_the_passages(
    index: ChunkIndex, put: Put, word_embedder: Embedder, limit: int, count: int
) -> None:
    put("one", "two", "three")
    assert len(asked(index, word_embedder, "one", limit)) == count


@pytest.mark.parametrize(
    "question", ["", " ", "?", "how do I", "\ud800\x00", "AND OR (", "x" * 9999]
)
def test_any_text_is_a_question(
    index: ChunkIndex, put: Put, word_embedder: Embedder, question: str
) -> None:
    put("one", "two")
    assert len(asked(index, word_embedder, question)) == 2


def test_deleted_chunks_are_not_found(
    index: ChunkIndex, put: Put, forget: Forget, word_embedder: Embedder
) -> None:
    """Unknown ids are ignored; what is stored again is found again, once."""
    one, _ = put("one", "two")
    forget("docs", one.id, "0" * 32)
    assert texts(asked(index, word_embedder, "one")) == ["two"]
    forget("docs")
    put("one")
    put("one")
    assert sorted(texts(asked(index, word_embedder, "one"))) == ["one", "two"]


def test_searches_run_beside_writes(index: ChunkIndex, put: Put, word_embedder: Embedder) -> None:
    """While sources are indexed from several threads, what is already there stays first."""
    put("the first chunk", source="first")
    with ThreadPoolExecutor(4) as pool:
        writes = [
            pool.submit(put, *(f"text {n} {i}" for i in range(20)), source=f"source{n % 2}")
            for n in range(8)
        ]
        while not all(write.done() for write in writes):
            assert texts(asked(index, word_embedder, "the first chunk", 1)) == ["the first chunk"]
    assert [write.exception() for write in writes] == [None] * 8
    assert len(asked(index, word_embedder, "text", 200)) >= 50


def test_lookup_knows_a_name_however_it_is_written(
    index: ChunkIndex, add: Add, word_embedder: Embedder
) -> None:
    """Whole, by its end, by an alias; within the allowed sources; of two, the imported one."""
    entries = [entry("numpy.fft.rfft", "real"), entry("scipy.fft.rfft", "real too")]
    add(*entries)

    def names(symbol: str, scope: Scope = EVERYWHERE, limit: int = 9) -> list[str]:
        return [passage.chunk.symbol for passage in index.lookup(symbol, limit, scope)]

    assert names("np.fft.rfft") == ["numpy.fft.rfft"]
    assert set(names("rfft")) == {"numpy.fft.rfft", "scipy.fft.rfft"}
    assert names("fft.rfft", Scope(packages=("scipy",)), 1) == ["scipy.fft.rfft"]
    assert names("rfft", Scope(("elsewhere",))) == names("nothing") == names("rfft", limit=0) == []


def test_code_around_a_question_decides_between_like_entries(
    index: ChunkIndex, add: Add, word_embedder: Embedder
) -> None:
    """The imported package comes first; what the cursor is at is found without a word of it."""
    entries = [entry("a.sort", "sort values"), entry("b.sort", "sort values")]
    filler = [entry(f"c.f{i}", f"sort {i}") for i in range(200)]
    aside = entry("d.quiet", "nothing alike")
    chunks = [*entries, *filler, aside]
    add(*chunks)
    vector = word_embedder.embed(["sort values"])

    def symbols(scope: Scope) -> list[str]:
        found = index.search("how to order values by sort", vector, 200, scope)
        return [passage.chunk.symbol for passage in found]

    for package in "ab":
        assert symbols(Scope(packages=(package,)))[0] == f"{package}.sort"
    assert "d.quiet" not in symbols(EVERYWHERE)
    assert "d.quiet" in symbols(Scope(symbols=("d.quiet",)))
