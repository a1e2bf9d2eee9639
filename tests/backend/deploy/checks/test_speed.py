"""Whether a model can be read for on this machine, known before it is loaded."""

import asyncio
import json
import struct

import pytest

from backend.deploy.checks import speed as module
from backend.deploy.checks import weights as weights_module
from backend.deploy.checks.speed import judged, speed
from backend.deploy.checks.weights import generator, weights
from backend.generators.choose import Choice
from backend.settings import Generation, Settings, Vllm


@pytest.fixture
def model(tmp_path):
    """``model(7e9)``: a folder that says it has so many parameters, without holding them."""

    def make(parameters):
        header = json.dumps(
            {"__metadata__": {"format": "pt"}, "w": {"dtype": "BF16", "shape": [int(parameters)]}}
        ).encode()
        (tmp_path / "config.json").write_text("{}")
        file = tmp_path / "model.safetensors"
        file.write_bytes(struct.pack("<Q", len(header)) + header)
        return Choice("vllm", str(tmp_path), "a model is set")

    return make


@pytest.fixture(autouse=True)
def processor(monkeypatch):
    """A processor of 100 gigaflops, without a GPU."""
    monkeypatch.setattr(module, "device", lambda wanted: "cpu")
    monkeypatch.setattr(module, "operations_s", lambda dtype, threads: 1e11)


def test_a_hopeless_model_says_what_would_help(model):
    found = speed(model(7e9), Settings())
    assert found.state == "warning"
    assert "7 tokens" in found.said
    assert "98 s" in found.said
    for help in ("llama.cpp", "Ollama", "GPU", "read_s"):
        assert help in found.todo


def test_a_small_model_is_well(model):
    assert speed(model(0.1e9), Settings()).state == "ok"


def test_people_who_may_wait_are_not_warned():
    assert judged(100, 3).state == "warning"
    assert judged(100, 9).state == "ok"
    assert judged(100, 0).state == "ok"


def test_what_runs_elsewhere_is_not_measured(model, monkeypatch):
    monkeypatch.setattr(module, "operations_s", None)
    assert speed(Choice("openai", "", ""), Settings()).state == "ok"
    assert speed(Choice("extractive", "", ""), Settings()).state == "ok"
    monkeypatch.setattr(module, "device", lambda wanted: "cuda")
    assert speed(model(7e9), Settings()).state == "ok"


def test_weights_that_are_not_here_are_unchecked():
    assert speed(Choice("vllm", "nobody/has-this", ""), Settings()).state == "unchecked"


def test_the_parameters_of_a_real_model_are_counted(tiny_model):
    found = weights(str(tiny_model))
    assert 1e6 < found.parameters < 1e7
    assert found.size > found.parameters


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 64, struct.pack("<Q", 4) + b"null"])
def test_a_damaged_file_of_weights_counts_nothing(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    assert weights(str(tmp_path)).parameters == 0


def test_a_context_that_the_model_does_not_have_is_wrong(tiny_model):
    """vLLM refuses to start with it."""
    choice = Choice("vllm", str(tiny_model), "")
    settings = Settings(vllm=Vllm(max_model_len=8192))
    found = asyncio.run(generator(choice, settings))
    assert found.state == "wrong"
    assert "4096" in found.todo
    assert asyncio.run(generator(choice, Settings())).state == "ok"


def of(choice, **generation):
    return asyncio.run(generator(choice, Settings(generation=Generation(**generation))))


@pytest.fixture
def hub(monkeypatch):
    """The names that the model hub knows, and no real hub."""
    names = []

    async def downloadable(name, timeout_s):
        return name in names

    monkeypatch.setattr(weights_module, "downloadable", downloadable)
    return names


def test_a_generator_says_what_it_lacks(tmp_path, model, upstream, hub):
    assert of(model(1e9)).state == "ok"
    (tmp_path / "model.safetensors").unlink()
    assert "no weights" in of(Choice("vllm", str(tmp_path), "")).said
    assert of(Choice("vllm", str(tmp_path / "none"), "")).state == "wrong"
    hub.append("nobody/has-this")
    assert of(Choice("vllm", "nobody/has-this", "")).state == "warning"
    assert "hub" in of(Choice("vllm", "nobody/had-this", "")).said
    quoting = Choice("extractive", "", "vLLM is not installed")
    assert of(quoting).state == "warning"
    assert of(quoting, engine="extractive").state == "ok"
    there = Choice("openai", "", "")
    assert of(there, upstream=upstream.url).state == "ok"
    gone = of(there, upstream="http://127.0.0.1:9/v1", model="m")
    assert gone.state == "wrong"
    assert "upstream" in gone.todo
