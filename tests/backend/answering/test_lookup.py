"""Inline help: the entry that the import in scope means, and none that only has its name."""

import pytest

from backend.answering.answer import Answer
from backend.answering.lookup import Lookups, meant
from backend.errors import Unavailable
from backend.identity.caller import Caller
from backend.protocol.wire import Entry, Failed, Found, Lookup
from backend.settings import Settings, Tenant
from indexer.types import Chunk, Passage


def passages(*symbols):
    return [
        Passage(Chunk(source=f"package:{name.partition('.')[0]}", uri="u", title=name, text="t",
                      symbol=name), 1.0)
        for name in symbols
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "packages", "found", "expected"),
    [
        ("numpy.fft.rfft", ("numpy",), ["numpy.fft.rfft"], ["numpy.fft.rfft"]),
        ("scipy.fft.rfft", ("scipy",), ["numpy.fft.rfft"], []),
        ("networkx.bfs_tree", ("networkx",), ["networkx.algorithms.bfs_tree"],
         ["networkx.algorithms.bfs_tree"]),
        ("reshape", ("numpy",), ["numpy.reshape", "numpy.ndarray.reshape"], []),
        ("merge", ("pandas",), ["heapq.merge", "pandas.merge"], ["pandas.merge"]),
        ("len", (), ["len"], ["len"]),
        ("rfft", (), ["numpy.fft.rfft"], []),
    ],
    ids=["exact", "another package", "documented deeper", "ambiguous", "one imported", "builtin",
         "not imported"],
)  # fmt: skip
def test_only_what_the_imports_mean_is_shown(symbol, packages, found, expected):
    """Another library's function of the same name would mislead."""
    assert [chunk.symbol for chunk in meant(symbol, packages, passages(*found))] == expected


class Index:
    """A retriever that finds what it was given, and remembers where it was to look."""

    def __init__(self, found):
        self.found = found
        self.scope = None

    async def lookup(self, symbol, scope, limit):
        self.scope = scope
        if isinstance(self.found, Exception):
            raise self.found
        return self.found[:limit]


async def test_found_carries_what_a_hover_shows():
    """Exactly one frame, and it is terminal."""
    chunk = Chunk(
        source="package:numpy", uri="file:///f.py", title="t", text="x", symbol="numpy.where",
        signature="numpy.where(c)", summary="Choose.", example=">>> 1", line=7, version="2.0",
    )  # fmt: skip
    answer = Answer("r")
    request = Lookup(id="r", symbol="numpy.where", packages=("numpy",))
    await Lookups(Settings(), Index([Passage(chunk, 1.0)])).answer(request, answer)
    entry = Entry("numpy.where", "file:///f.py", "numpy.where(c)", "Choose.", ">>> 1", 7,
                  "package:numpy", "2.0")  # fmt: skip
    assert answer.frames == [Found(id="r", seq=0, entries=(entry,))]


async def test_an_index_that_fails_is_reported():
    answer = Answer("r")
    await Lookups(Settings(), Index(Unavailable("gone"))).answer(Lookup("r", "len"), answer)
    assert answer.frames == [Failed(id="r", seq=0, code="unavailable", message="gone")]


async def test_a_tenant_looks_into_its_own_sources_alone():
    """What it asks for beyond them is not searched."""
    index = Index([])
    lookups = Lookups(Settings(tenants={"acme": Tenant(sources=("a", "b"))}), index)
    await lookups.answer(Lookup("r", "len", sources=("b", "c")), Answer("r", Caller("acme")))
    assert index.scope.sources == ("b",)
