"""More questions at once than the engine takes: some wait, and each ends in one terminal frame."""

import asyncio
import uuid

from backend.protocol.wire import Ask, Failed, Finished, Queued, Terminal

CONNECTIONS = 10
QUESTIONS = 10  # on each, at once


async def test_a_crowd_waits_in_line_and_everybody_is_answered_or_told_to_come_back(
    backend, connect_to
):
    async def asking(number):
        frames = {uuid.uuid4().hex: [] for _ in range(QUESTIONS)}
        async with connect_to(backend) as client:
            for n, request_id in enumerate(frames):
                await client.send(
                    Ask(
                        id=request_id,
                        question=f"{number} {n}: which function transforms a signal?",
                        sources=(),
                        max_tokens=24,
                    )
                )
            while not all(
                got and isinstance(got[-1], Finished | Failed) for got in frames.values()
            ):
                frame = await client.receive()
                frames[frame.id].append(frame)
        return list(frames.values())

    answers = [
        answer
        for answers in await asyncio.gather(*(asking(n) for n in range(CONNECTIONS)))
        for answer in answers
    ]
    assert any(isinstance(frames[0], Queued) for frames in answers)
    for frames in answers:
        assert [isinstance(each, Terminal) for each in frames].count(True) == 1
        if isinstance(frames[-1], Failed):
            assert (frames[-1].code, frames[-1].retry_after_ms > 0) == ("overloaded", True)
    assert sum(isinstance(frames[-1], Finished) for frames in answers) >= 32
