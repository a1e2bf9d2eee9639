"""The batcher computes together what arrives together, and answers everybody."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from backend.rails.input.batcher import Batcher

Make = Callable[..., Batcher[str, str]]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Batcher[str, str]] = []

    def batcher(run: Callable[[Sequence[str]], Sequence[str]], most: int = 8) -> Batcher[str, str]:
        made.append(Batcher(run, len, most=most, gather_ms=1))
        return made[-1]

    yield batcher
    for one in made:
        one.close()


async def test_like_items_share_a_batch_and_each_gets_its_result(make: Make) -> None:
    batches: list[list[str]] = []

    def run(items: Sequence[str]) -> list[str]:
        batches.append(list(items))
        return [item.upper() for item in items]

    batcher = make(run, most=2)
    items = ["a", "bb", "c", "dd", "e"]
    assert await asyncio.gather(*map(batcher.submit, items)) == ["A", "BB", "C", "DD", "E"]
    assert batches == [["a", "c"], ["bb", "dd"], ["e"]]


async def test_an_error_reaches_its_batch_and_no_other(make: Make) -> None:
    def run(items: Sequence[str]) -> Sequence[str]:
        if "bad" in items:
            raise RuntimeError("broken")
        return items

    batcher = make(run)
    results = await asyncio.gather(
        *map(batcher.submit, ["bad", "one", "four"]), return_exceptions=True
    )
    assert [str(result) for result in results] == ["broken", "broken", "four"]


async def test_who_left_is_not_computed(make: Make) -> None:
    """Cancelled while an earlier batch runs, an item never reaches the thread."""
    seen: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def run(items: Sequence[str]) -> Sequence[str]:
        seen.extend(items)
        begun.set()
        go_on.wait(60)
        return items

    batcher = make(run)
    first = asyncio.create_task(batcher.submit("first"))
    await asyncio.to_thread(begun.wait, 60)
    left, stays = (asyncio.create_task(batcher.submit(item)) for item in ("left", "stays"))
    await asyncio.sleep(0)
    left.cancel()
    go_on.set()
    assert (await first, await stays) == ("first", "stays")
    assert seen == ["first", "stays"]


async def test_closing_leaves_nobody_waiting(make: Make) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def run(items: Sequence[str]) -> Sequence[str]:
        begun.set()
        go_on.wait(60)
        return items

    batcher = make(run)
    waiting = [asyncio.create_task(batcher.submit(item)) for item in ("a", "bb")]
    await asyncio.to_thread(begun.wait, 60)
    batcher.close()
    go_on.set()
    results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
