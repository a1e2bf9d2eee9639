"""The contract of ``backend.ports.Admission``: every way to admit passes all of it."""

import asyncio
import math

import pytest

from backend.admission.gate import Gate
from backend.admission.ledger import TTL_S, Ledger
from backend.admission.room import Limits
from backend.admission.shares import Shares
from backend.errors import DeadlineExceeded, Overloaded
from backend.ports import Demand

SHARES = {"help": 16.0, "chat": 4.0, "optimize": 1.0}


async def alone(requests, **limits):
    return Gate(Limits(requests, **limits), SHARES, lambda *_: None)


async def sharing(requests, **limits):
    """A gateway that has borrowed all places from a ledger, next to an idle one."""
    if "waiting_tokens" in limits:  # for both together
        limits["waiting_tokens"] *= 2
    engine, ledger = Limits(requests, **limits), Ledger(-TTL_S, requests)

    async def renew(report):
        return ledger.renew(0.0, report)

    gates = [await alone(requests, **limits) for _ in range(2)]
    shares = [Shares(str(n), gate, engine, renew) for n, gate in enumerate(gates)]
    held = [asyncio.create_task(_hold(gates[0])) for _ in range(requests)]
    await settled()
    for each in reversed(shares * 3):
        await each.renew()
    for task in held:
        task.cancel()
    await settled()
    assert gates[0].room.limits.requests == requests
    return gates[0]


async def _hold(gate):
    with gate.enter(demand(tokens=0)) as place:
        await place.admitted()
        await asyncio.Event().wait()


@pytest.fixture(params=[alone, sharing])
def admission(request):
    """``await admission(2, wait_s=1)``: room for two requests."""
    return request.param


def demand(kind="chat", user="u", tokens=100, deadline=math.inf):
    return Demand(kind, user, prompt_tokens=tokens, max_tokens=1, deadline=deadline)


class Request:
    """One request in a task of its own: in line, inside until ``release``, then gone."""

    def __init__(self, admission, inside, **fields):
        self.ended = asyncio.Event()
        self.position = None
        self.kind = fields.get("kind", "chat")
        self.task = asyncio.create_task(self._run(admission, inside, demand(**fields)))

    async def _run(self, admission, inside, demand):
        with admission.enter(demand) as place:
            self.position = place.position
            await place.admitted()
            inside.append(self)
            await self.ended.wait()

    async def release(self):
        self.ended.set()
        await asyncio.wait_for(self.task, 60)
        await settled()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_are_inside_and_each_who_leaves_lets_one_in(admission):
    gate, inside = await admission(2), []
    requests = [Request(gate, inside) for _ in range(5)]
    await settled()
    assert inside == requests[:2]
    assert [each.position for each in requests] == [None, None, 0, 1, 2]
    for n, request in enumerate(requests):
        await request.release()
        assert inside == requests[: n + 3]


async def test_more_urgent_kinds_enter_first(admission):
    gate, inside = await admission(1), []
    for kind in ("chat", "optimize", "chat", "help"):
        Request(gate, inside, kind=kind)
    await settled()
    for _ in range(4):
        await inside[-1].release()
    assert [each.kind for each in inside] == ["chat", "help", "chat", "optimize"]


async def test_a_flood_of_one_user_is_passed_by_the_question_of_another(admission):
    gate, inside = await admission(1), []
    flood = [Request(gate, inside, user="flood") for _ in range(20)]
    await settled()
    single = Request(gate, inside, user="me")
    await settled()
    await flood[0].release()
    assert inside == [flood[0], single]
    for request in (single, *flood):
        request.task.cancel()
    await settled()


async def test_a_full_room_refuses_at_once_and_says_when_to_come_again(admission):
    gate = await admission(1, waiting_tokens=150)
    with gate.enter(demand()) as running:
        await running.admitted()
        with (
            gate.enter(demand(user="b")),
            pytest.raises(Overloaded) as refused,
            gate.enter(demand(user="c")),
        ):
            raise AssertionError("nobody may be inside")
    assert refused.value.retry_after_ms > 0


async def test_who_waits_past_the_deadline_is_told_so_without_getting_in(admission):
    gate = await admission(1)
    now = asyncio.get_running_loop().time()
    with (
        gate.enter(demand()),
        gate.enter(demand(deadline=now + 0.01)) as late,
        pytest.raises(DeadlineExceeded),
    ):
        await late.admitted()
    with gate.enter(demand()) as place:
        await asyncio.wait_for(place.admitted(), 60)


async def test_who_gives_up_waiting_leaves_no_place_occupied(admission):
    gate, inside = await admission(1), []
    first, gone, stays = (Request(gate, inside) for _ in range(3))
    await settled()
    gone.task.cancel()
    await settled()
    await first.release()
    assert inside == [first, stays]
    await stays.release()


async def test_a_place_handed_to_one_who_is_cancelled_at_that_moment_passes_on(admission):
    gate, inside = await admission(1), []
    with gate.enter(demand()) as first:
        await first.admitted()
        gone, stays = (Request(gate, inside) for _ in range(2))
        await settled()
    gone.task.cancel()  # the place is its own by now, but it has not run again
    await settled()
    assert inside == [stays]
    assert gone.task.cancelled()
    await stays.release()


async def test_whoever_fails_inside_gives_the_place_back(admission):
    gate = await admission(1)
    with pytest.raises(ZeroDivisionError), gate.enter(demand()):
        raise ZeroDivisionError
    with gate.enter(demand()) as place:
        await asyncio.wait_for(place.admitted(), 60)


async def test_prepare_is_refused_when_busy_and_cancelled_when_others_come(admission):
    gate, inside = await admission(2), []
    prepare = Request(gate, inside, kind="prepare")
    await settled()
    requests = [Request(gate, inside) for _ in range(2)]
    await settled()
    assert prepare.task.cancelled()
    assert inside == [prepare, *requests]
    with pytest.raises(Overloaded), gate.enter(demand("prepare")):
        raise AssertionError("nobody may be inside")
    for request in requests:
        await request.release()
