"""What every ``Retriever`` promises: over an index, prefetched, on Ray Serve, and the stand-in."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.deploy.ray.handles import RayRetriever
from backend.errors import Unavailable
from backend.ports import Retrieved, Retriever
from backend.retrieval.prefetch import Prefetched
from backend.retrieval.retriever import IndexRetriever
from indexer.index.search import HybridIndex
from indexer.types import EVERYWHERE, Change, Chunk, Embedder, Passage, Scope
from tests.fixtures.backend import FixedRetriever, Handle

PLENTY_MS = 20_000


NAMES = {
    "package:numpy": {"numpy": ["fft", "sort", "pi"], "numpy.fft": ["rfft"]},
    "package:scipy": {"scipy": ["sort"]},
}


def entry(source: str, symbol: str, text: str) -> Chunk:
    return Chunk(source, f"file:///{symbol}.py", symbol, text, "function", symbol=symbol,
                 signature=f"{symbol}(x)", summary=text)  # fmt: skip


CHUNKS = (
    entry("package:numpy", "numpy.fft.rfft", "the fourier transform of real input"),
    entry("package:numpy", "numpy.sort", "a sorted copy of an array"),
    entry("package:scipy", "scipy.sort", "sort an array along an axis"),
)


@pytest.fixture
def over_an_index(
    tmp_path: Path, word_embedder: Embedder, stored: Any
) -> Iterator[tuple[IndexRetriever, Callable[[], None]]]:
    with HybridIndex.open(tmp_path, embedder_name="words", dimension=64) as index:
        stored(index, word_embedder, *CHUNKS)
        for source, names in NAMES.items():
            index.apply(Change(source, {}, frozenset(), lambda wanted: []), {"names": names})
        retriever = IndexRetriever(word_embedder, index)

        def broken(*_: object) -> None:
            raise OSError("the disk is gone")

        def fail() -> None:
            index.results = index.lookup = broken  # type: ignore[method-assign,assignment]
            index.unknown = broken  # type: ignore[method-assign,assignment]

        yield retriever, fail
        retriever.close()


@pytest.fixture(params=["index", "prefetched", "ray", "stand-in"])
def made(request: pytest.FixtureRequest) -> tuple[Retriever, Callable[[], None]]:
    """A retriever over ``CHUNKS``, and what makes it fail from then on."""
    if request.param == "stand-in":
        found = Retrieved(tuple(Passage(chunk, 0.5) for chunk in CHUNKS), "v1",
                          sources=("package:numpy", "package:scipy"))  # fmt: skip
        fixed = FixedRetriever(found)
        fixed.names = NAMES
        return fixed, lambda: setattr(fixed, "failure", "gone")
    retriever, fail = request.getfixturevalue("over_an_index")
    wrapped = {
        "index": retriever,
        "prefetched": Prefetched(retriever),
        "ray": RayRetriever(Handle(retriever)),  # type: ignore[arg-type]
    }
    return wrapped[request.param], fail


@pytest.fixture
def retriever(made: tuple[Retriever, Callable[[], None]]) -> Retriever:
    return made[0]


async def test_what_is_found_says_from_which_version_of_the_index(retriever: Retriever) -> None:
    found = await retriever.search("fourier transform", EVERYWHERE, 10, PLENTY_MS)
    assert found.passages[0].chunk.symbol == "numpy.fft.rfft"
    assert found.dataset
    assert not found.late
    assert not found.failed
    assert set(found.sources) == {"package:numpy", "package:scipy"}


async def test_no_more_is_found_than_was_asked_for(retriever: Retriever) -> None:
    found = await retriever.search("sort an array", EVERYWHERE, 1, PLENTY_MS)
    assert len(found.passages) == 1


async def test_nothing_is_found_outside_the_scope(retriever: Retriever) -> None:
    for query in ("sort an array", "fourier transform"):
        found = await retriever.search(query, Scope(("package:scipy",)), 10, PLENTY_MS)
        assert {each.chunk.source for each in found.passages} == {"package:scipy"}


async def test_being_late_is_no_error(retriever: Retriever) -> None:
    found = await retriever.search("sort an array", EVERYWHERE, 10, budget_ms=0)
    assert not (found.late and found.passages)


async def test_any_text_may_be_searched_for(retriever: Retriever) -> None:
    for query in ("", "\0", "\ud800", "日本語 🎉", "a" * 50_000, 'AND OR NOT ( " *'):
        assert await retriever.search(query, EVERYWHERE, 3, PLENTY_MS)


async def test_a_search_that_is_given_up_disturbs_no_other(retriever: Retriever) -> None:
    first, second = (
        asyncio.create_task(retriever.search("sort an array", EVERYWHERE, 3, PLENTY_MS))
        for _ in range(2)
    )
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).passages


async def test_a_name_is_looked_up_whole_or_by_its_end(retriever: Retriever) -> None:
    for name, symbols in (
        ("numpy.sort", {"numpy.sort"}),
        ("sort", {"numpy.sort", "scipy.sort"}),
        ("sor", set()),
    ):
        found = await retriever.lookup(name, EVERYWHERE, 10)
        assert {each.chunk.symbol for each in found} == symbols
    assert len(await retriever.lookup("sort", EVERYWHERE, 1)) == 1


async def test_a_look_up_keeps_to_the_scope(retriever: Retriever) -> None:
    found = await retriever.lookup("sort", Scope(("package:scipy",)), 10)
    assert [each.chunk.symbol for each in found] == ["scipy.sort"]


async def test_whatever_breaks_is_unavailable(
    made: tuple[Retriever, Callable[[], None]],
) -> None:
    retriever, fail = made
    fail()
    with pytest.raises(Unavailable):
        await retriever.search("sort an array", EVERYWHERE, 3, PLENTY_MS)
    with pytest.raises(Unavailable):
        await retriever.lookup("sort", EVERYWHERE, 3)


async def test_names_that_a_package_lacks_are_told_within_the_scope(retriever: Retriever) -> None:
    names = ["numpy.pi", "numpy.rfft", "scipy.pi", "torch.anything"]
    found = await retriever.unknown(names, EVERYWHERE)
    assert [(each.lacking, each.nearest) for each in found] == [
        ("numpy.rfft", "numpy.fft.rfft"),
        ("scipy.pi", ""),
    ]
    assert [each.name for each in await retriever.unknown(names, Scope(("package:scipy",)))] == [
        "scipy.pi"
    ]
    assert await retriever.unknown(names, Scope(())) == []
