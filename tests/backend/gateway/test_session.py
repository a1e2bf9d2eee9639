"""What one websocket may ask for, over a real one."""

import asyncio
import time

from backend.errors import Unavailable
from backend.ports import Load, Retrieved, TextDelta
from backend.protocol.wire import Ask, Delta, Failed, Finished, Lookup, Prepare, Resume, Usage
from backend.settings import Quotas, Server, Settings


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

    async def warm(self, prompt):
        return Usage()

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


class Guessed:
    """A retriever whose searches end when they are cancelled, and a generator that warms."""

    model = "guessed"
    fills = False

    def __init__(self, *, answers=False):
        self.answers = answers
        self.queries = []
        self.under_way = 0
        self.most = 0
        self.warmed = 0

    async def search(self, query, scope, limit, budget_ms):
        self.queries.append(query)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if not self.answers:
                await asyncio.Event().wait()
            return Retrieved()
        finally:
            self.under_way -= 1

    async def lookup(self, symbol, scope, limit):
        return []

    async def stream(self, prompt, sampling, request_id):
        yield TextDelta("word", tokens=1, prompt_tokens=1, finish="stop")

    async def warm(self, prompt):
        self.warmed += 1
        return Usage(100, 40)

    async def load(self):
        return Load()

    async def check(self): ...

    async def close(self): ...


def quotas(**limits):
    return Settings(server=Server(port=0, user_header="X-User"), quotas=Quotas(**limits))


def prepare(number=0):
    return Prepare(id="p", question=f"guess {number}")


async def test_of_a_flood_of_guesses_one_is_under_way_and_few_are_begun(serve, eventually):
    """The newest wins, none waits in line, and a question is answered meanwhile."""
    guessed = Guessed()
    served = await serve(generator=guessed, retriever=guessed)
    began = time.monotonic()
    async with served.connected() as socket:
        for number in range(150):
            await socket.send(prepare(number))
        assert isinstance((await socket.ask(ask("q")))[-1], Finished)
        await socket.send(prepare("last"))

        async def begun():
            return guessed.queries[-1] == "guess last"

        await eventually(begun)
        took = time.monotonic() - began
        assert guessed.most == 1
        assert len(guessed.queries) <= 2 + took / 0.1

    async def over():
        return guessed.under_way == 0

    await eventually(over)


async def test_who_may_not_ask_may_not_prepare(serve):
    """An exhausted quota ends guesses too, and in silence: a prepare is never answered."""
    guessed = Guessed(answers=True)
    served = await serve(quotas(requests_per_minute=1), guessed, guessed)
    async with served.connected({"X-User": "ann"}) as socket:
        assert isinstance((await socket.ask(ask("1")))[-1], Finished)
        for number in range(5):
            await socket.send(prepare(number))
        assert (await socket.ask(ask("2")))[-1].code == "quota"
        assert guessed.queries == []


async def test_guesses_cost_their_tokens_and_leave_the_questions_alone(serve, eventually):
    guessed = Guessed(answers=True)
    limits = quotas(requests_per_minute=3, tokens_per_day=100)
    served = await serve(limits, guessed, guessed)
    async with served.connected({"X-User": "ann"}) as socket:
        for number in (1, 2):
            await socket.send(prepare(number))

            async def warmed(number=number):
                return guessed.warmed == number

            await eventually(warmed)
            last = (await socket.ask(ask(str(number))))[-1]
            assert getattr(last, "code", "finished") == ("finished" if number == 1 else "quota")


async def test_who_sends_too_fast_is_read_more_slowly_and_loses_nothing(serve):
    served = await serve(Settings(server=Server(port=0, frames_per_second=50)))
    async with served.connected() as socket:
        began = time.monotonic()
        for number in range(125):
            await socket.send(Lookup(id=str(number), symbol="x"))
            await socket.receive()
        assert time.monotonic() - began > 0.4


async def test_the_answers_that_are_read_again_count_as_requests_in_flight(serve):
    generator = SlowGoodbyes()
    generator.let_go.set()
    served = await serve(Settings(server=Server(port=0, max_requests_per_session=1)), generator)
    async with served.connected() as first, served.connected() as second:
        await first.send(ask("one"))
        await first.until(Delta)
        await second.send(ask("two"))
        await second.until(Delta)
        await second.send(Resume(id="one"))
        refused = await second.receive()
    assert (refused.id, refused.code) == ("one", "overloaded")
