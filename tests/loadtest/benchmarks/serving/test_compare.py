"""The command, as it is run."""

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loadtest.benchmarks.drivers import turns
from loadtest.benchmarks.drivers.closed_loop import Answered, Pass
from loadtest.benchmarks.servers.engine import Engine
from loadtest.scenarios import questions

REPOSITORY = Path(__file__).parents[4]
COMMAND = [sys.executable, "-m", "loadtest.benchmarks.serving.compare"]


def of(prompt_tokens: int, cached_tokens: int = 0) -> Pass:
    return Pass(1, [Answered(0.1, 0.2, prompt_tokens, cached_tokens, 64)], 1.0, 0.0)


def test_paths_that_read_the_same_are_fair() -> None:
    turns.expect_fair({"a": of(153), "b": of(155)})


@pytest.mark.parametrize("other", [of(250), of(153, cached_tokens=128)])
def test_longer_prompts_or_better_cached_ones_are_not(other: Pass) -> None:
    with pytest.raises(turns.Unfair, match="different prompts"):
        turns.expect_fair({"a": of(153), "b": other})


def test_no_question_is_asked_twice() -> None:
    serial = itertools.count(1000)
    first, second = questions.unique(serial, 50), questions.unique(serial, 50)
    assert len({*first, *second}) == 100
    assert len({question.split()[0] for question in first}) == 50


def test_the_engine_is_the_same_in_every_dialect() -> None:
    """Every value of the configuration stands in the command, the arguments and the settings."""
    engine = Engine(Path("model"), max_num_seqs=17, max_num_batched_tokens=1234, dtype="float32")
    command = " ".join(engine.serve_command(1))
    arguments = engine.arguments()
    settings = engine.settings()
    for name in ("max_num_seqs", "max_num_batched_tokens", "dtype"):
        value = getattr(engine, name)
        assert f"--{name.replace('_', '-')} {value}" in command
        assert arguments[name] == value
        assert re.search(rf'^{name} = "?{value}"?$', settings, re.MULTILINE)


@pytest.mark.parametrize("wrong", [["--users", "0"], ["--only", "nobody"], ["--passes", "many"]])
def test_wrong_arguments_are_refused_before_anything_starts(wrong: list[str]) -> None:
    run = subprocess.run([*COMMAND, *wrong], capture_output=True, text=True, cwd=REPOSITORY)
    assert run.returncode == 2
    assert "usage:" in run.stderr


@pytest.mark.engine
def test_it_measures_and_writes_every_answer_down(tiny_model: Path, tmp_path: Path) -> None:
    """One pass over the engine and our local gateway, retrieval included."""
    json_file = tmp_path / "out.json"
    run = subprocess.run(
        [*COMMAND, "--only", "engine", "local", "--users", "1", "2", "--passes", "1",
         "--requests", "2", "--tokens", "8", "--model", str(tiny_model), "--json", str(json_file)],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=280,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "| 2 | gateway, local |" in run.stdout
    assert "reading the passages" in run.stdout
    results = json.loads(json_file.read_bytes())["results"]
    assert {(each["path"], each["users"]) for each in results} == {
        ("AsyncLLM in process", 1),
        ("AsyncLLM in process", 2),
        ("gateway, local", 1),
        ("gateway, local", 2),
        ("gateway, local, passages given", 1),
        ("gateway, local, retrieval", 1),
    }
    for each in results:
        (measured,) = each["passes"]
        assert all(0 < answer["ttft_s"] <= answer["total_s"] for answer in measured["answers"])


@pytest.mark.engine
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process(
    sign: signal.Signals, tiny_model: Path, tmp_path: Path
) -> None:
    """Interrupted while an engine starts, it leaves none behind."""
    log = tmp_path / "log"
    mark = f"COMPARED_IN={tmp_path}"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*COMMAND, "--only", "engine", "--model", str(tiny_model)],
            stdout=output, stderr=output, cwd=REPOSITORY,
            env=os.environ | {"COMPARED_IN": str(tmp_path)},
        )  # fmt: skip
    deadline = time.monotonic() + 150
    while "Starting engine" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    assert len(_processes(mark)) >= 1
    process.send_signal(sign)
    assert process.wait(90) != 0
    assert "Stopped" in log.read_text()
    assert _processes(mark) == []


def _processes(mark: str) -> list[str]:
    """The commands of all that inherited ``mark`` in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
