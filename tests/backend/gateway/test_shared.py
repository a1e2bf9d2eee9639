"""Many who ask at once make one call."""

import asyncio

import pytest

from backend.errors import Unavailable
from backend.gateway.shared import Shared


async def test_who_comes_while_a_call_is_under_way_shares_it_and_the_next_calls_anew():
    calls, end = [], asyncio.Event()

    async def call():
        calls.append(1)
        await end.wait()
        return len(calls)

    shared = Shared(call)
    asking = [asyncio.create_task(shared()) for _ in range(100)]
    await asyncio.sleep(0)
    asking[0].cancel()  # the one who came first does not take it away
    await asyncio.sleep(0)
    end.set()
    assert await asyncio.gather(*asking[1:]) == [1] * 99
    assert await shared() == 2


async def test_a_failure_is_everybodys_and_is_not_kept():
    answers = [Unavailable("down"), None]

    async def call():
        if error := answers.pop(0):
            raise error
        return "up"

    shared = Shared(call)
    with pytest.raises(Unavailable):
        await shared()
    assert await shared() == "up"
