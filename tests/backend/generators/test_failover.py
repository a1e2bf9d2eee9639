"""An answer outlives the replicas that make it."""

from contextlib import aclosing

import pytest

from backend.errors import BadFrame, EngineFailed, Interrupted, Unavailable, UpstreamFailed
from backend.generators.failover import ATTEMPTS, FailoverGenerator
from backend.ports import Load, Message, Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage

ANSWER = "one two three four five six"
PROMPT = Prompt((Message("user", "count"),))


class Replicas:
    """A generator of one token a word; each stream dies as its turn in ``deaths`` says.

    Like any that knows its tokens it begins a stream with what was begun, as one delta.
    """

    model = "words"
    fills = False

    def __init__(self, *deaths, error=None, answers=(ANSWER,), knows_ids=True):
        self.deaths = list(deaths)  # after how many deltas; None: not at all
        self.error = error or Unavailable("The generator is not answering.")
        self.answers = list(answers)
        self.knows_ids = knows_ids
        self.begun = []
        self.open = 0

    async def stream(self, prompt, sampling, request_id):
        self.begun.append(prompt.begun)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        words = [word + " " for word in answer.split()]
        left = self.deaths.pop(0) if self.deaths else None
        self.open += 1
        try:
            start = len(prompt.begun)
            if start:
                yield TextDelta("".join(words[:start]), start, prompt.begun)
            for at, word in enumerate(words[start:], start):
                if left is not None and at - start >= left:
                    raise self.error
                last = at == len(words) - 1
                yield TextDelta(
                    word, 1, (at,) if self.knows_ids else (), 9, finish="stop" if last else None
                )
        finally:
            self.open -= 1

    async def warm(self, prompt):
        return Usage()

    async def load(self):
        return Load(running=self.open)

    async def check(self): ...

    async def close(self): ...


async def read(replicas):
    stream = FailoverGenerator(replicas).stream(PROMPT, Sampling(), "r")
    return [delta async for delta in stream]


def text(deltas):
    return "".join(delta.text for delta in deltas)


@pytest.mark.parametrize("knows_ids", [True, False])
@pytest.mark.parametrize("deaths", [(0,), (1,), (3,), (5,), (2, 2), (3, 0, 1), (1, 1, 1)])
async def test_no_character_and_no_token_is_lost_or_doubled(deaths, knows_ids):
    replicas = Replicas(*deaths, knows_ids=knows_ids)
    deltas = await read(replicas)

    assert text(deltas).split() == ANSWER.split()
    assert sum(delta.tokens for delta in deltas) == 6
    assert [delta.finish for delta in deltas].count("stop") == 1
    assert deltas[-1].finish == "stop"


async def test_the_next_replica_goes_on_from_the_tokens_of_the_last():
    replicas = Replicas(2, 2)
    await read(replicas)

    assert replicas.begun == [(), (0, 1), (0, 1, 2, 3)]


async def test_each_failover_is_told():
    told = []
    generator = FailoverGenerator(Replicas(2, 2), on_failover=lambda: told.append(1))
    [delta async for delta in generator.stream(PROMPT, Sampling(), "r")]

    assert len(told) == 2


async def test_a_replica_that_dies_before_its_first_token_loses_none_of_the_others():
    replicas = Replicas(3, 0)
    await read(replicas)

    assert replicas.begun == [(), (0, 1, 2), (0, 1, 2)]


async def test_when_replica_after_replica_dies_the_failure_is_told():
    replicas = Replicas(*[0] * ATTEMPTS)
    with pytest.raises(Unavailable, match="not answering"):
        await read(replicas)
    assert len(replicas.begun) == ATTEMPTS


@pytest.mark.parametrize("error", [BadFrame("too long"), UpstreamFailed("silent"), ValueError()])
async def test_what_another_replica_would_say_as_well_is_not_tried_again(error):
    replicas = Replicas(1, error=error)
    with pytest.raises(type(error)):
        await read(replicas)
    assert len(replicas.begun) == 1


async def test_another_answer_is_never_glued_to_the_first():
    replicas = Replicas(3, answers=(ANSWER, "uno dos tres cuatro cinco seis"), knows_ids=False)
    with pytest.raises(Interrupted):
        await read(replicas)


async def test_closing_early_closes_the_stream_of_the_replica():
    replicas = Replicas(1)
    stream = FailoverGenerator(replicas).stream(PROMPT, Sampling(), "r")
    async with aclosing(stream) as deltas:
        for _ in range(3):
            await anext(deltas)
        assert replicas.open == 1
    assert replicas.open == 0


class Clock:
    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


def failing(*deaths):
    """A generator whose engines fail at the prompt, and a clock to let time pass."""
    replicas = Replicas(*deaths, error=EngineFailed("The engine died."))
    clock = Clock()
    return replicas, FailoverGenerator(replicas, now=clock), clock


async def asked(generator, prompt=PROMPT):
    return text([delta async for delta in generator.stream(prompt, Sampling(), "r")])


async def test_an_engine_that_dies_once_is_an_accident():
    replicas, generator, _ = failing(2)
    assert (await asked(generator)).split() == ANSWER.split()
    replicas.deaths = [2]
    assert (await asked(generator)).split() == ANSWER.split()
    assert len(replicas.begun) == 4


@pytest.mark.parametrize("deaths", [(0, 0), (3, 0)])
async def test_a_prompt_at_which_two_engines_fail_ends_no_third(deaths):
    """Neither now, nor when it is asked again; the message says what to do."""
    replicas, generator, clock = failing(*deaths, 0, 0, 0)
    for _ in range(3):
        with pytest.raises(EngineFailed, match="not tried again for 5 minutes"):
            await asked(generator)
    assert len(replicas.begun) == 2

    other = Prompt((Message("user", "another question"),))
    replicas.deaths = []
    assert (await asked(generator, other)).split() == ANSWER.split()
    clock.at = 301
    assert (await asked(generator)).split() == ANSWER.split()


async def test_an_answer_that_got_on_between_two_failures_is_not_held_against_its_prompt():
    """Two engines died around it, at different places: it fails, and may be asked again."""
    _, generator, _ = failing(1, 2)
    with pytest.raises(EngineFailed, match="The engine died"):
        await asked(generator)
    assert (await asked(generator)).split() == ANSWER.split()


async def test_a_guess_that_killed_an_engine_counts_as_one_failure():
    replicas, generator, _ = failing(0, 0)

    async def dies(prompt):
        raise replicas.error

    replicas.warm = dies
    with pytest.raises(EngineFailed):
        await generator.warm(PROMPT)
    with pytest.raises(EngineFailed, match="not tried again"):
        await asked(generator)
    assert len(replicas.begun) == 1
    assert await generator.warm(PROMPT) == Usage()
