"""Answers: numbered frames, one terminal, readable by whoever comes in time."""

import asyncio

import pytest

from backend.answering.answer import Answer, Answers
from backend.errors import BadFrame, Overloaded, UnknownRequest
from backend.protocol.wire import Ask, Delta, Failed, Finished, Timings, Usage


def finish(answer):
    answer.emit(Finished, reason="stop", usage=Usage(), timings=Timings())


async def read(answer, after_seq=-1):
    return [frame async for frame in answer.read(after_seq)]


async def test_readers_see_every_frame_whenever_they_come():
    answer = Answer("r")
    early = asyncio.create_task(read(answer))
    await asyncio.sleep(0)
    for text in "abc":
        answer.emit(Delta, text=text)
        await asyncio.sleep(0)
    late = asyncio.create_task(read(answer, after_seq=0))
    await asyncio.sleep(0)
    finish(answer)

    assert [frame.seq for frame in await early] == [0, 1, 2, 3]
    assert [frame.seq for frame in await late] == [1, 2, 3]
    assert await read(answer, after_seq=2) == [answer.frames[3]]


def test_nothing_follows_a_terminal_frame():
    answer = Answer("r")
    finish(answer)
    with pytest.raises(RuntimeError):
        answer.emit(Delta, text="more")


async def endless(ask, answer):
    try:
        await asyncio.Event().wait()
    finally:
        finish(answer)


async def test_an_id_is_taken_until_its_answer_is_forgotten():
    answers = Answers(endless, window_s=60)
    answer = answers.start(Ask(id="r", question="q"))
    with pytest.raises(BadFrame):
        answers.start(Ask(id="r", question="q"))
    answers.forget(answer)
    again = answers.start(Ask(id="r", question="q"))
    await answers.close()
    assert again.ended


async def test_a_failed_request_may_be_asked_again_under_its_id():
    async def shed(ask, answer):
        answer.fail(Overloaded("full", retry_after_ms=5))

    answers = Answers(shed, window_s=60)
    first = answers.start(Ask(id="r", question="q"))
    await read(first)
    answers.release(first)
    again = answers.start(Ask(id="r", question="q"))

    assert again is not first
    assert [frame.code for frame in await read(again)] == ["overloaded"]


async def test_a_released_answer_is_aborted_and_forgotten_after_the_window():
    answers = Answers(endless, window_s=0.01)
    answer = answers.start(Ask(id="r", question="q"))
    answers.release(answer)
    assert (await read(answer))[-1].reason == "stop"
    with pytest.raises(UnknownRequest):
        answers.resume("r")


async def test_a_resumed_answer_outlives_the_window():
    answers = Answers(endless, window_s=0.01)
    answer, other = (answers.start(Ask(id=name, question="q")) for name in ("r", "other"))
    answers.release(answer)
    answers.release(other)
    assert answers.resume("r") is answer
    await read(other)  # whose window ended after that of the resumed one
    assert not answer.ended
    await answers.close()


async def test_closing_ends_every_answer():
    answers = Answers(endless, window_s=60)
    started = [answers.start(Ask(id=str(number), question="q")) for number in range(3)]
    await asyncio.sleep(0)
    await answers.close()
    assert all(answer.ended for answer in started)
    assert answers.in_flight == 0


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_an_answer_that_loses_its_task_still_ends_exactly_once(how):
    async def broken(ask, answer):
        if how == "raises":
            raise ValueError("a bug")

    answers = Answers(broken, window_s=60)
    answer = answers.start(Ask(id="r", question="q"))
    frames = await read(answer)
    assert [type(frame) for frame in frames] == [Failed]


async def test_resuming_after_the_last_frame_waits_for_nothing():
    """Who has every frame, or claims more, would hold the answer for as long as it stays."""
    answer = Answer("r")
    finish(answer)
    async with asyncio.timeout(60):
        assert await read(answer, after_seq=0) == []
        assert await read(answer, after_seq=7) == []


async def test_a_request_cancelled_before_its_first_step_ends_as_cancelled():
    """The two frames may come in one packet."""
    answers = Answers(endless, window_s=1)
    answer = answers.start(Ask(id="r", question="q"))
    answers.cancel(answer)
    async with asyncio.timeout(60):
        [last] = await read(answer)
    assert (type(last), last.reason) == (Finished, "cancelled")
