"""Admission: bounded, in priority order, and never losing a place."""

import asyncio

import pytest

from backend.admission import BoundedAdmission
from backend.errors import Overloaded


async def hold(admission, kind="chat", order=None, release=None):
    async with admission.admit(kind, 1):
        if order is not None:
            order.append(kind)
        if release is not None:
            await release.wait()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_run_at_once():
    admission = BoundedAdmission(max_running=2, max_waiting=10)
    release = asyncio.Event()
    tasks = [asyncio.create_task(hold(admission, release=release)) for _ in range(5)]
    await settled()

    assert (admission.running, admission.waiting, admission.full) == (2, 3, True)
    release.set()
    await asyncio.gather(*tasks)
    assert (admission.running, admission.waiting, admission.full) == (0, 0, False)


async def test_one_more_than_the_waiting_room_holds_is_shed_at_once_with_a_time():
    admission = BoundedAdmission(max_running=1, max_waiting=1)
    release = asyncio.Event()
    tasks = [asyncio.create_task(hold(admission, release=release)) for _ in range(2)]
    await settled()

    with pytest.raises(Overloaded) as shed:
        await hold(admission)
    assert shed.value.retry_after_ms > 0
    release.set()
    await asyncio.gather(*tasks)
    assert admission.running == 0


async def test_help_passes_chat_passes_optimize_and_equals_keep_their_order():
    admission = BoundedAdmission(max_running=1, max_waiting=10)
    release, order = asyncio.Event(), []
    first = asyncio.create_task(hold(admission, release=release))
    await settled()
    waiting = [
        asyncio.create_task(hold(admission, kind, order))
        for kind in ("optimize", "chat", "help", "chat")
    ]
    await settled()
    release.set()
    await asyncio.gather(first, *waiting)

    assert order == ["help", "chat", "chat", "optimize"]


async def test_who_gives_up_waiting_leaves_no_place_occupied():
    admission = BoundedAdmission(max_running=1, max_waiting=10)
    release = asyncio.Event()
    first = asyncio.create_task(hold(admission, release=release))
    await settled()
    gone, stays = (asyncio.create_task(hold(admission)) for _ in range(2))
    await settled()
    gone.cancel()
    await settled()
    assert admission.waiting == 1

    release.set()
    await asyncio.gather(first, stays)
    assert admission.running == 0


async def test_a_place_handed_over_to_one_who_was_just_cancelled_passes_on():
    admission = BoundedAdmission(max_running=1, max_waiting=10)
    release = asyncio.Event()
    first = asyncio.create_task(hold(admission, release=release))
    await settled()
    gone, stays = (asyncio.create_task(hold(admission)) for _ in range(2))
    await settled()
    release.set()
    await first  # hands its place to `gone` ...
    gone.cancel()  # ... which is cancelled before it runs again

    await stays
    assert (gone.cancelled() or gone.done(), admission.running) == (True, 0)
