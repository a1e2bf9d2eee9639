"""What `auto` means, with and without a model, a network, or vLLM."""

import socket
import time

import pytest

from backend.errors import StartupFailed
from backend.generators.choose import choose
from backend.settings import Generation


@pytest.mark.parametrize(
    ("settings", "engine", "model"),
    [
        (Generation(upstream="http://u/v1"), "openai", ""),
        (Generation(upstream="http://u/v1", model="m"), "openai", "m"),
        (Generation(model="m"), "vllm", "m"),
        (Generation(engine="extractive", model="m"), "extractive", "m"),
        (Generation(engine="transformers", model="m"), "transformers", "m"),
    ],
)
async def test_what_is_configured_is_taken(settings, engine, model):
    choice = await choose(settings)
    assert (choice.engine, choice.model) == (engine, model)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (Generation(engine="openai"), "--upstream"),
        (Generation(engine="vllm"), "--model"),
        (Generation(engine="transformers"), "--model"),
    ],
)
async def test_an_engine_without_what_it_needs_is_refused_with_the_option(settings, missing):
    with pytest.raises(StartupFailed, match=missing):
        await choose(settings)


@pytest.fixture
def silent_hub(monkeypatch):
    """A hub that accepts connections and never answers: the worst kind of missing network."""
    import huggingface_hub.constants

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        yield server


async def test_a_hub_that_never_answers_costs_seconds_and_gives_extractive(silent_hub):
    started = time.monotonic()
    choice = await choose(Generation(default_model="nobody/nothing", hub_timeout_s=0.5))

    assert choice.engine == "extractive"
    assert time.monotonic() - started < 5
    assert "nobody/nothing" in choice.why
    silent_hub.settimeout(1)
    silent_hub.accept()[0].close()  # it was asked
