"""What was searched for `prepare` need not be searched for the question."""

import asyncio

import pytest

from backend.errors import Unavailable
from backend.ports import Retrieved
from backend.retrieval.prefetch import Prefetched
from indexer.types import EVERYWHERE, Chunk, Passage, Scope
from tests.fixtures.loop import settled

FOUND = Retrieved((Passage(Chunk(source="s", uri="file:///a", title="t", text="x"), 0.5),), "v1")


class Searching:
    """A retriever whose searches end when it is told."""

    def __init__(self, found=FOUND):
        self.found = found
        self.queries = []
        self.cancelled = []
        self.end = asyncio.Event()
        self.end.set()

    async def search(self, query, scope, limit, budget_ms):
        self.queries.append(query)
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.cancelled.append(query)
            raise
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def lookup(self, symbol, scope, limit):
        return list(FOUND.passages)


async def search(retriever, query="fft", scope=EVERYWHERE):
    return await retriever.search(query, scope, 6, 100.0)


async def test_the_same_search_is_done_once():
    searching = Searching()
    prefetched = Prefetched(searching)

    assert await search(prefetched) is await search(prefetched) is FOUND
    assert searching.queries == ["fft"]


async def test_another_question_or_scope_is_another_search():
    searching = Searching()
    prefetched = Prefetched(searching)
    await search(prefetched)
    await search(prefetched, "ifft")
    await search(prefetched, scope=Scope(sources=("handbook",)))
    await search(prefetched, scope=Scope(tenant="other"))  # may not feel what we have asked

    assert searching.queries == ["fft", "ifft", "fft", "fft"]


async def test_a_question_joins_the_search_of_its_cancelled_prepare():
    searching = Searching()
    searching.end.clear()
    prefetched = Prefetched(searching)
    preparing = asyncio.create_task(search(prefetched))
    asking = asyncio.create_task(search(prefetched))
    await asyncio.sleep(0)
    preparing.cancel()
    await asyncio.wait([preparing])
    searching.end.set()

    assert await asking is FOUND
    assert searching.queries == ["fft"]


@pytest.mark.parametrize("found", [Retrieved(late=True), Unavailable("down")])
async def test_what_came_to_nothing_is_searched_again(found):
    searching = Searching(found)
    prefetched = Prefetched(searching)
    for _ in range(2):
        await asyncio.wait([asyncio.create_task(search(prefetched))])

    assert searching.queries == ["fft", "fft"]


async def test_after_a_while_it_is_searched_anew():
    searching = Searching()
    prefetched = Prefetched(searching, keep_s=0)
    await search(prefetched)
    await settled()
    await search(prefetched)

    assert searching.queries == ["fft", "fft"]


async def test_a_lookup_goes_straight_through():
    assert await Prefetched(Searching()).lookup("fft", EVERYWHERE, 1) == list(FOUND.passages)


async def ended(task):
    task.cancel()
    await asyncio.wait([task])


async def test_a_search_ends_with_the_last_who_waits_for_it(eventually):
    searching = Searching()
    searching.end.clear()
    prefetched = Prefetched(searching)
    waiting = [asyncio.create_task(search(prefetched)) for _ in range(2)]
    await asyncio.sleep(0)
    await ended(waiting[0])
    assert searching.cancelled == []
    await ended(waiting[1])

    async def over():
        return searching.cancelled == ["fft"]

    await eventually(over)
    searching.end.set()
    assert await search(prefetched) is FOUND  # begun anew, not joined to what was given up


async def test_a_question_joins_the_search_of_a_prepare_that_was_cancelled_just_before():
    searching = Searching()
    searching.end.clear()
    prefetched = Prefetched(searching)
    preparing = asyncio.create_task(search(prefetched))
    await asyncio.sleep(0)
    await ended(preparing)
    asking = asyncio.create_task(search(prefetched))
    await asyncio.sleep(0)
    searching.end.set()

    assert await asking is FOUND
    assert searching.queries == ["fft"]


async def test_whoever_asks_and_leaves_has_one_search_under_way_at_most():
    """A thousand guesses in a row leave the search of the newest alone behind."""
    searching = Searching()
    searching.end.clear()
    prefetched = Prefetched(searching)
    for number in range(1000):
        task = asyncio.create_task(search(prefetched, f"guess {number}"))
        await asyncio.sleep(0)
        await ended(task)
    await asyncio.sleep(0)

    under_way = set(searching.queries) - set(searching.cancelled)
    assert under_way <= {"guess 999"}


async def test_what_is_kept_is_bounded():
    searching = Searching()
    prefetched = Prefetched(searching, keep=2)
    for query in ("a", "b", "c", "c"):
        await search(prefetched, query)

    assert searching.queries == ["a", "b", "c", "c"]
