"""The official OpenAI client against our gateway."""

import asyncio

import openai
import pytest

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Which function computes the inverse FFT of real data?"},
]


@pytest.fixture
async def api(backend):
    async with openai.AsyncOpenAI(
        base_url=f"{backend.url}/v1", api_key="none", max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def model(api):
    return (await api.models.list()).data[0].id


async def test_the_served_model_is_listed(model):
    assert model == "tiny"


async def test_a_completion_carries_text_usage_and_citations(api, model):
    completion = await api.chat.completions.create(model=model, messages=MESSAGES, max_tokens=12)

    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason in ("stop", "length")
    assert 1 <= completion.usage.completion_tokens <= 12
    # The tiny model writes at random: what supports nothing is no source.
    assert completion.citations == []
    assert any("Nothing in the documentation" in notice for notice in completion.notices)


async def test_a_streamed_completion_joins_to_the_whole_one(api, model):
    whole = await api.chat.completions.create(model=model, messages=MESSAGES, max_tokens=24)
    stream = await api.chat.completions.create(
        model=model,
        messages=MESSAGES,
        max_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert any("numpy.fft" in citation["title"] for citation in chunks[0].citations)
    assert [chunk.cited for chunk in chunks if hasattr(chunk, "cited")] == [[]]
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] in ("stop", "length")


@pytest.mark.parametrize("streams", [False, True])
async def test_what_was_redacted_is_told(api, model, streams):
    asked = [{"role": "user", "content": f"What is {'ghp_' + 'a1B2' * 9} for?"}]
    made = await api.chat.completions.create(
        model=model, messages=asked, max_tokens=4, stream=streams
    )
    told = [await anext(made)] if streams else [made]
    if streams:
        told += [chunk async for chunk in made]
    notices = [notice for each in told for notice in getattr(each, "notices", ())]

    assert notices.count("Kept from the model: GitHub token.") == 1


async def test_hanging_up_on_a_stream_frees_the_engine(api, model, backend):
    stream = await api.chat.completions.create(
        model=model, messages=MESSAGES, max_tokens=3000, stream=True
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    await backend.until(backend.engine_is_busy, "the engine runs the request")
    await stream.close()

    await backend.until(backend.engine_is_idle, "the engine runs nothing")


async def test_hanging_up_on_a_whole_completion_frees_the_engine(api, model, backend):
    waiting = asyncio.ensure_future(
        api.chat.completions.create(model=model, messages=MESSAGES, max_tokens=3000)
    )
    await backend.until(backend.engine_is_busy, "the engine runs the request")
    waiting.cancel()

    await backend.until(backend.engine_is_idle, "the engine runs nothing")


async def test_an_unknown_model_is_a_404_in_openais_words(api):
    with pytest.raises(openai.NotFoundError, match="tiny"):
        await api.chat.completions.create(model="gpt-99", messages=MESSAGES)


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "system", "content": "only"}], [{"role": "assistant", "content": "last"}]],
)
async def test_messages_without_a_question_are_a_400(api, model, messages):
    with pytest.raises(openai.BadRequestError):
        await api.chat.completions.create(model=model, messages=messages)


async def test_an_oversized_body_is_a_413_with_the_setting_to_change(api, model):
    messages = [{"role": "user", "content": "x" * 70_000}]
    with pytest.raises(openai.APIStatusError, match="max_frame_bytes") as raised:
        await api.chat.completions.create(model=model, messages=messages)
    assert raised.value.status_code == 413
