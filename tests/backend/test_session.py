"""What one websocket may ask for, over a real one."""

import asyncio

from backend.errors import Unavailable
from backend.ports import Load, TextDelta
from backend.wire import Ask, Delta, Failed, Finished


class SlowGoodbyes:
    """A generator whose aborted streams take until ``let_go`` to end; they say one word."""

    model = "slow"
    fills = False

    def __init__(self):
        self.begun = 0
        self.let_go = asyncio.Event()
        self.gone = asyncio.Event()
        self.refuse = False

    async def stream(self, prompt, sampling, request_id):
        self.begun += 1
        if self.refuse:
            raise Unavailable("down")
        slow = self.begun == 1
        try:
            yield TextDelta("word", tokens=1)
            await asyncio.Event().wait()
        finally:
            if slow:
                await self.let_go.wait()
                # By then the task that closes this has told whom it tells of its end.
                asyncio.get_running_loop().call_later(0.05, self.gone.set)

    async def warm(self, prompt): ...

    async def load(self):
        return Load()

    async def check(self): ...

    async def close(self): ...


def ask(request_id="same", **fields):
    return Ask(id=request_id, question="q", sources=(), **fields)


async def test_an_id_used_again_while_its_predecessor_ends_is_a_request_of_its_own(serve):
    """It is counted, can be cancelled, and the predecessor's end does not touch it."""
    generator = SlowGoodbyes()
    served = await serve(generator=generator)
    async with served.connected() as first:
        await first.send(ask())
        await first.until(Delta)
    async with served.connected() as second:
        await second.send(ask())
        await second.until(Delta)
        generator.let_go.set()
        await generator.gone.wait()
        assert served.gateway.answers.in_flight == 1

        await second.send('{"type": "cancel", "id": "same"}')
        assert (await second.until())[-1].reason == "cancelled"


async def test_an_id_used_again_gets_its_terminal_frame_when_the_server_closes(serve):
    generator = SlowGoodbyes()
    served = await serve(generator=generator)
    async with served.connected() as first:
        await first.send(ask())
        await first.until(Delta)
    async with served.connected() as second:
        await second.send(ask())
        await second.until(Delta)
        generator.let_go.set()
        await generator.gone.wait()
        await served.gateway.answers.close()

        assert isinstance((await second.until())[-1], Finished)


async def test_the_id_of_a_failed_request_can_be_used_again_at_once(serve):
    generator = SlowGoodbyes()
    generator.refuse = True
    served = await serve(generator=generator)
    async with served.connected() as socket:
        failed = [(await socket.ask(ask()))[-1] for _ in range(20)]

    assert {(type(frame), frame.code) for frame in failed} == {(Failed, "unavailable")}
