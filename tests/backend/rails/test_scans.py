"""Scans: short ones at once, long ones in turns beside the event loop, given up ones no further."""

import asyncio
import threading
import time
from contextlib import nullcontext

import pytest

from backend.errors import Blocked
from backend.metrics import Metrics
from backend.protocol.wire import Ask
from backend.rails import scans as module
from backend.rails.input.injection import InjectionRail
from backend.rails.input.secrets import SecretsRail
from backend.rails.policy import Guarded, Policy
from backend.rails.scans import Scans
from backend.rails.screen import Screen
from backend.records.audit import Audit


def counting(steps, seconds=0.0, threads=None):
    for _ in range(steps):
        if threads is not None:
            threads.add(threading.current_thread())
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass
        yield
    return steps


async def test_a_short_scan_needs_no_thread():
    threads = set()
    assert await Scans().result(counting(5, threads=threads)) == 5
    assert threads == {threading.current_thread()}


async def test_a_long_scan_goes_on_beside_the_loop():
    threads = set()
    assert await Scans().result(counting(10, 0.001, threads)) == 10
    assert len(threads) == 2


async def test_a_short_scan_waits_for_one_turn_of_a_long_one_only(monkeypatch):
    monkeypatch.setattr(module, "ON_LOOP_S", 0.0)
    ended = []

    async def scan(scans, name, steps):
        await scans.result(counting(steps, 0.001))
        ended.append(name)

    scans = Scans()
    await asyncio.gather(scan(scans, "long", 200), scan(scans, "short", 3))
    assert ended == ["short", "long"]


async def test_a_scan_that_is_given_up_gets_no_further_turn():
    made = []

    def endless():
        while True:
            made.append(time.thread_time())
            yield

    scans = Scans()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scans.result(endless()), 0.02)
    # There is one thread: what it is given now begins when the last turn has ended.
    await scans.result(counting(10, 0.001))
    steps = len(made)
    await scans.result(counting(10, 0.001))
    assert len(made) == steps


async def test_what_a_scan_raises_reaches_its_caller():
    def broken():
        yield
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await Scans().result(broken())


@pytest.mark.parametrize("rail", [SecretsRail(), InjectionRail()], ids=lambda rail: rail.name)
@pytest.mark.parametrize(
    "unit", ["salt=a1", "<!--", "<a hidden>", "ignore all previous instructions "]
)
async def test_the_loop_turns_while_a_long_text_is_scanned(rail, unit):
    """A question of 200 kB that is made to be slow does not keep the loop from others."""
    turns = 0
    check = asyncio.ensure_future(rail.check([unit * (200_000 // len(unit))]))
    while not check.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(check.result()) == 1
    assert turns > 5


async def test_a_scan_that_is_too_long_for_its_rail_follows_the_policy_for_failures():
    ask = Ask(id="r", question="salt=a1b2" * 100_000)
    for on_failure, expected in (("block", pytest.raises(Blocked, match="took too long")),
                                 ("allow", nullcontext())):  # fmt: skip
        rails = [Guarded(SecretsRail(), Policy("redact", on_failure, budget_ms=5))]
        with expected:
            assert await Screen(rails, Audit(Metrics())).redact(ask) == (ask, [])
