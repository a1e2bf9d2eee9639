"""The open loop: arrivals that wait for nobody, each with an outcome."""

import asyncio
import itertools
import random

import pytest

from loadtest.benchmarks.drivers.closed_loop import Answered
from loadtest.benchmarks.drivers.open_loop import Crowd, open_loop, poisson
from loadtest.benchmarks.drivers.users import AnswerFailed, Shed

ANSWERED = Answered(0.1, 0.2, 10, 0, 5)


def questions():
    return (str(n) for n in itertools.count())


def test_arrivals_come_at_the_rate_with_gaps_as_irregular_as_poisson():
    times = poisson(100, 60, random.Random(3))
    gaps = [b - a for a, b in itertools.pairwise(times)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(0.01, rel=0.05)
    assert sum((gap - mean) ** 2 for gap in gaps) / len(gaps) == pytest.approx(mean**2, rel=0.15)


async def test_every_request_has_one_outcome_and_what_hangs_is_given_up():
    async def ask(question):
        match question:
            case "1":
                raise Shed("full")
            case "2":
                raise AnswerFailed("broken")
            case "3":
                await asyncio.Event().wait()
        return ANSWERED

    outcomes = await open_loop(ask, [0.0] * 4, questions(), patience_s=0.05)
    outcomes.sort(key=lambda each: (each.unanswered, bool(each.error), each.shed))
    answered, shed, failed, hanging = outcomes
    assert answered.answered == ANSWERED
    assert shed.shed
    assert failed.error == "broken"
    assert hanging.unanswered
    assert hanging.lasted_s >= 0.05


async def test_arrivals_do_not_wait_for_answers():
    all_there = asyncio.Event()

    async def ask(question):
        if question == "4":
            all_there.set()
        await all_there.wait()
        return ANSWERED

    outcomes = await open_loop(ask, [0.0, 0.001, 0.002, 0.003, 0.004], questions(), 5.0)
    assert [each.answered for each in outcomes] == [ANSWERED] * 5


async def test_who_waits_for_an_answer_is_not_asked_again_and_one_more_connects():
    release, made = asyncio.Event(), []

    async def connect():
        made.append(len(made))

        async def user(question):
            await release.wait()
            return ANSWERED

        return user

    crowd = Crowd(connect)
    await crowd.gather(2)
    asking = [asyncio.create_task(crowd.ask("q")) for _ in range(3)]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*asking)
    await crowd.ask("q")
    assert len(made) == 3
