"""The contract of ``backend.ports.Generator``: every generator passes all of it.

The model-backed ones also pass what only a model can do: counting tokens, stopping on request.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from backend.deploy.ray.direct.client import Address, Connection, connect
from backend.deploy.ray.direct.server import StreamServer
from backend.errors import BadFrame
from backend.generators.extractive import ExtractiveGenerator
from backend.generators.openai_upstream import OpenAIGenerator
from backend.generators.transformers_pipeline import TransformersGenerator
from backend.ports import Generator, Message, Prompt, Sampling, TextDelta
from backend.settings import Generation

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

MODELS = [
    pytest.param("vllm_generator", marks=pytest.mark.engine, id="vllm"),
    pytest.param("openai_generator", id="openai"),
    pytest.param("transformers_generator", id="transformers"),
    pytest.param("distant_generator", marks=pytest.mark.engine, id="vllm over a socket"),
]
ALL = [*MODELS, pytest.param("extractive_generator", id="extractive")]
LONG = Sampling(max_tokens=2000, ignore_eos=True)


def prompt(question: str) -> Prompt:
    return Prompt(
        (Message("system", "You explain code."), Message("user", question)), question=question
    )


async def read(generator: Generator, question: str, sampling: Sampling) -> list[TextDelta]:
    return [delta async for delta in generator.stream(prompt(question), sampling, question)]


def text_of(deltas: list[TextDelta]) -> str:
    return "".join(delta.text for delta in deltas)


@pytest.fixture(scope="module")
def extractive_generator() -> ExtractiveGenerator:
    return ExtractiveGenerator()


@pytest_asyncio.fixture(scope="module")
async def transformers_generator(tiny_model: Path) -> AsyncIterator[TransformersGenerator]:
    generator = await TransformersGenerator.start(str(tiny_model))
    yield generator
    await generator.close()


@pytest_asyncio.fixture
async def openai_generator(upstream: "Upstream") -> AsyncIterator[OpenAIGenerator]:  # noqa: F821
    generator = await OpenAIGenerator.start(Generation(upstream=upstream.url))
    yield generator
    await generator.close()


class Distant:
    """A generator whose streams cross a socket, as on Ray Serve, where the rest are calls."""

    def __init__(self, generator: Generator, connection: Connection) -> None:
        self.model, self.fills = generator.model, generator.fills
        self.load, self.check = generator.load, generator.check
        self.stream, self.warm = connection.stream, connection.warm

    async def close(self) -> None: ...


@pytest_asyncio.fixture(scope="module")
async def distant_generator(vllm_generator: Generator) -> AsyncIterator[Distant]:
    server = StreamServer(vllm_generator, "a secret", most=64)
    port = await server.start("127.0.0.1")
    connection = await connect(Address("127.0.0.1", port, "a secret"))
    yield Distant(vllm_generator, connection)
    connection.close()
    await server.close()


@pytest.fixture(params=ALL)
def generator(request: pytest.FixtureRequest) -> Generator:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Generator:
    return request.getfixturevalue(request.param)


async def test_the_last_delta_and_no_other_says_why_the_answer_ended(generator: Generator) -> None:
    deltas = await read(generator, "What is a list?", Sampling(max_tokens=20, ignore_eos=True))
    assert text_of(deltas)
    assert [delta.finish for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert deltas[-1].finish in ("stop", "length")


async def test_it_names_its_model_and_is_healthy(generator: Generator) -> None:
    """``check`` returns for an engine that can answer."""
    assert generator.model
    await generator.check()


async def test_an_idle_generator_has_no_load(generator: Generator, eventually: Eventually) -> None:
    await read(generator, "What is a set?", Sampling(max_tokens=4))

    async def idle() -> bool:
        load = await generator.load()
        return (load.running, load.waiting, load.kv_use) == (0, 0, 0)

    await eventually(idle)


async def test_closing_early_aborts_in_the_engine(
    generator: Generator, eventually: Eventually
) -> None:
    """Whoever stops reading after the first delta leaves nothing running behind."""
    async with aclosing(generator.stream(prompt("Go on."), LONG, "closed")) as deltas:
        await anext(deltas)

    async def aborted() -> bool:
        return (await generator.load()).running == 0

    await eventually(aborted)


async def test_cancelling_the_readers_aborts_in_the_engine(
    generator: Generator, eventually: Eventually
) -> None:
    """Readers cancelled at any point, even before a first delta, leave nothing running behind."""
    readers = [asyncio.create_task(read(generator, f"Go on {n}.", LONG)) for n in range(8)]
    for n, reader in enumerate(readers):
        await asyncio.sleep(0.003 * n)  # each gets to another point
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)

    async def aborted() -> bool:
        load = await generator.load()
        return (load.running, load.waiting) == (0, 0)

    await eventually(aborted)


async def test_concurrent_answers_do_not_mix(generator: Generator) -> None:
    """Two answers streamed together are the two that were streamed alone."""
    sampling = Sampling(max_tokens=12, ignore_eos=True)
    questions = ("first question", "another matter")
    alone = [text_of(await read(generator, question, sampling)) for question in questions]
    together = await asyncio.gather(*(read(generator, each, sampling) for each in questions))
    assert [text_of(deltas) for deltas in together] == alone


async def test_warming_disturbs_nothing(generator: Generator) -> None:
    sampling = Sampling(max_tokens=12, ignore_eos=True)
    before = text_of(await read(generator, "What is warm?", sampling))
    await generator.warm(prompt("What is warm?"))
    assert text_of(await read(generator, "What is warm?", sampling)) == before


@pytest.mark.parametrize("stop", [(), ("never said",)])
async def test_an_answer_that_another_stream_began_is_the_same_answer(
    generator: Generator, stop: tuple[str, ...]
) -> None:
    """Wherever the first stream broke off, with the tokens it gave: same text, same counts."""
    sampling = Sampling(max_tokens=40, stop=stop, ignore_eos=True)
    whole = await read(generator, "What is a seam?", sampling)
    ids = tuple(token for delta in whole for token in delta.ids)
    for cut in range(0, len(ids) + 1, 3):
        begun = replace(prompt("What is a seam?"), begun=ids[:cut])
        deltas = [delta async for delta in generator.stream(begun, sampling, f"seam {cut}")]
        assert text_of(deltas) == text_of(whole)
        assert tuple(token for delta in deltas for token in delta.ids) == ids
        assert sum(delta.tokens for delta in deltas) == sum(delta.tokens for delta in whole)
        assert deltas[-1].finish == whole[-1].finish
        assert deltas[-1].prompt_tokens == whole[-1].prompt_tokens


async def test_a_running_answer_is_load(model: Generator) -> None:
    async with aclosing(model.stream(prompt("Go on."), LONG, "running")) as deltas:
        await anext(deltas)
        assert (await model.load()).running == 1


async def test_the_answer_is_as_long_as_max_tokens_allows(model: Generator) -> None:
    deltas = await read(model, "What is a dict?", Sampling(max_tokens=17, ignore_eos=True))
    assert sum(delta.tokens for delta in deltas) == 17
    assert deltas[-1].finish == "length"


async def test_the_last_delta_counts_the_prompt(model: Generator) -> None:
    """A longer prompt counts more tokens; never fewer than were cached."""
    sampling = Sampling(max_tokens=2, ignore_eos=True)
    short = (await read(model, "Why?", sampling))[-1]
    long = (await read(model, "Why? " * 50, sampling))[-1]
    assert 0 < short.prompt_tokens < long.prompt_tokens
    assert 0 <= long.cached_tokens <= long.prompt_tokens


async def test_a_stop_string_ends_the_answer_before_itself(model: Generator) -> None:
    question = "What is a tuple?"
    whole = text_of(await read(model, question, Sampling(max_tokens=30, ignore_eos=True)))
    stop = whole[len(whole) // 2 :][:6]
    deltas = await read(
        model, question, Sampling(max_tokens=30, stop=("never said", stop), ignore_eos=True)
    )
    assert text_of(deltas) == whole[: whole.index(stop)]
    assert deltas[-1].finish == "stop"


async def test_a_stop_string_across_the_seam_ends_the_answer(model: Generator) -> None:
    """It may have begun in what the first stream gave, and end in what the second does."""
    question = "What is a frozenset?"
    plain = await read(model, question, Sampling(max_tokens=30, ignore_eos=True))
    whole = text_of(plain)
    stop = whole[len(whole) // 2 :][:9]
    sampling = Sampling(max_tokens=30, stop=(stop,), ignore_eos=True)
    stopped = await read(model, question, sampling)
    ids = tuple(token for delta in stopped for token in delta.ids)
    for left in range(1, min(6, len(ids)) + 1):
        begun = replace(prompt(question), begun=ids[:-left])
        deltas = [delta async for delta in model.stream(begun, sampling, f"stop {left}")]
        assert text_of(deltas) == whole[: whole.index(stop)]
        assert deltas[-1].finish == "stop"


async def test_a_prompt_beyond_the_context_is_refused_with_the_limit(model: Generator) -> None:
    with pytest.raises(BadFrame, match="4096"):
        await read(model, "word " * 5000, Sampling(max_tokens=1))
