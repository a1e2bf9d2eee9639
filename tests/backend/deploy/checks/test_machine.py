"""What is said of machines that this one is not, and of a real disk."""

import pytest

from backend.deploy.checks import machine
from backend.deploy.checks.finding import of_message
from backend.deploy.checks.machine import GIB, Card
from backend.settings import Profile, Ray, Retrieval, Settings, Vllm

CARD = Card("NVIDIA L4", 24, 23)
CPU = {"usable": False, "weights": 0}


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr(machine, "device", lambda wanted: "cpu")


def profile(name, **parts):
    return Settings(profile=Profile(name), **parts)


@pytest.mark.parametrize(
    ("settings", "engine", "state"),
    [
        (Settings(), "vllm", "ok"),
        (profile("laptop-cpu"), "vllm", "ok"),
        (profile("one-gpu"), "vllm", "wrong"),
        (profile("one-gpu"), "openai", "ok"),
        (profile("cluster"), "vllm", "warning"),
        (Settings(retrieval=Retrieval(device="cuda:0")), "openai", "wrong"),
        (Settings(ray=Ray(address="ray://head:10001", generator_gpus=1)), "vllm", "warning"),
    ],
)
def test_a_machine_without_a_gpu_is_wrong_for_settings_that_need_one(settings, engine, state):
    found = machine.graphics(settings, engine, [], **CPU)
    assert (found.state, bool(found.todo)) == (state, state != "ok")


@pytest.mark.parametrize(
    ("card", "usable", "weights", "state", "says"),
    [
        (CARD, True, 10 * GIB, "ok", "24 GiB"),
        (CARD, False, 10 * GIB, "wrong", "PyTorch cannot use it"),
        (CARD, True, 30 * GIB, "wrong", "do not fit"),
        (Card("NVIDIA L4", 24, 5), True, 10 * GIB, "wrong", "are free"),
    ],
)
def test_a_gpu_that_cannot_hold_the_model_is_wrong(card, usable, weights, state, says):
    found = machine.graphics(profile("one-gpu"), "vllm", [card], usable=usable, weights=weights)
    assert found.state == state
    assert says in found.said


def test_two_gpus_share_one_model():
    settings = Settings(vllm=Vllm(tensor_parallel=2))
    found = machine.graphics(settings, "vllm", [CARD] * 2, usable=True, weights=30 * GIB)
    assert found.state == "ok"


def test_what_nvidia_smi_prints_is_read_and_its_complaints_are_not(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA L4, 24576, 23552'\necho 'Unable to determine'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.cards() == [CARD]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert machine.cards() == []
    program.unlink()
    assert machine.cards() == []


@pytest.mark.parametrize(
    ("flags", "engine", "state", "says"),
    [
        ({"avx2", "avx512f", "avx512_bf16"}, "vllm", "ok", "AVX-512 bf16"),
        ({"amx_bf16", "avx512f"}, "vllm", "ok", "AMX bf16"),
        ({"avx2", "avx512f"}, "vllm", "warning", "none for bfloat16"),
        ({"avx2"}, "transformers", "warning", "AVX2"),
        ({"avx2"}, "openai", "ok", "AVX2"),
        (set(), "vllm", "ok", "8 cores"),
    ],
)
def test_a_processor_that_would_emulate_bfloat16_is_told(flags, engine, state, says):
    found = machine.processor(engine, flags, 8)
    assert found.state == state
    assert says in found.said


@pytest.mark.parametrize(
    ("total", "available", "state"), [(16, 12, "ok"), (16, 6, "warning"), (8, 8, "wrong")]
)
def test_memory_that_a_model_does_not_find_is_told(total, available, state):
    assert machine.memory(6 * GIB, total * GIB, available * GIB).state == state


def test_this_machine_has_memory_and_files():
    total, available = machine.memory_here()
    assert 0 < available <= total
    assert machine.open_files().state in ("ok", "warning")


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path, monkeypatch):
    assert machine.disk(tmp_path / "not" / "yet").state in ("ok", "warning")
    file = tmp_path / "file"
    file.write_text("")
    assert machine.disk(file / "data").state in ("ok", "warning")  # its folder is what counts

    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", full)
    found = machine.disk(tmp_path)
    assert found.state == "wrong"
    assert "No space left on device" in found.said
    assert "--data" in found.todo


def test_a_message_is_split_into_what_happened_and_what_to_do():
    found = of_message("port", "127.0.0.1:80 is in use. Choose another: --port N.", "unused")
    assert (found.said, found.todo) == ("127.0.0.1:80 is in use.", "Choose another: --port N.")
    found = of_message("backend", "There is none (refused); start it", "unused")
    assert (found.said, found.todo) == ("There is none (refused).", "Start it")
    assert of_message("port", "It is in use", "Free it.").todo == "Free it."
