"""An OpenAI-compatible upstream behind the gateway, well and unwell."""

import uuid

import pytest
from starlette.responses import JSONResponse

from backend.protocol.wire import Ask, Delta, Failed, Finished


def ask(question="how do I run an FFT?"):
    return Ask(id=uuid.uuid4().hex, question=question, max_tokens=8, sources=())


@pytest.fixture(scope="session")
def upstream_backend(start_backend, _upstream, tmp_path_factory):
    return start_backend(
        "--engine", "openai", "--upstream", _upstream.url,
        "--data", str(tmp_path_factory.mktemp("upstream-data")),
    )  # fmt: skip


async def test_the_upstream_writes_the_answer(upstream_backend, connect_to):
    async with connect_to(upstream_backend) as client:
        frames = await client.ask(ask())

    assert sum(isinstance(frame, Delta) for frame in frames) > 1
    assert isinstance(frames[-1], Finished)
    assert frames[-1].usage.completion_tokens == 8


async def test_an_upstream_that_answers_500_is_named_with_its_words_and_the_server_goes_on(
    upstream_backend, upstream, connect_to
):
    words = {"error": {"message": "the model fell over"}}
    async with connect_to(upstream_backend) as client:
        upstream.reply = lambda asked: JSONResponse(words, status_code=500)
        failed = (await client.ask(ask()))[-1]
        upstream.reply = None
        again = (await client.ask(ask()))[-1]

    assert isinstance(failed, Failed)
    assert failed.code == "upstream"
    assert "the model fell over" in failed.message
    assert isinstance(again, Finished)
