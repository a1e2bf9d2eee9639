"""The ladder, as it is run; and the models without weights that it can run on."""

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from loadtest.benchmarks.drivers.closed_loop import Answered, Pass
from loadtest.benchmarks.models import dummy_model
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.paths import Route
from loadtest.benchmarks.servers.process import ProcessFailed
from loadtest.benchmarks.serving import ladder

REPOSITORY = Path(__file__).parents[4]
COMMAND = [sys.executable, "-m", "loadtest.benchmarks.serving.ladder"]


@pytest.mark.parametrize("wrong", [["--users", "0"], ["--paths", "nobody"], ["--dummy", "900b"]])
def test_wrong_arguments_are_refused_before_anything_starts(wrong: list[str]) -> None:
    run = subprocess.run([*COMMAND, *wrong], capture_output=True, text=True, cwd=REPOSITORY)
    assert run.returncode == 2
    assert "usage:" in run.stderr


def test_every_rung_starts_a_path_of_its_own() -> None:
    rows, servers = zip(*ladder.PATHS.values(), strict=True)
    assert len(set(rows)) == len(set(servers)) == len(ladder.PATHS)


def test_what_has_no_weights_leaves_the_pipeline_out() -> None:
    arguments = ladder._study().parse_args(["--dummy", "small", "--paths", "pipeline", "local"])
    assert ladder._left_out(arguments) == {"pipeline": "there are no weights for it to load"}


def test_a_dummy_model_has_the_real_dimensions_and_a_word_for_every_token(
    tiny_model: Path, tmp_path: Path
) -> None:
    """7B as published: 28 layers, 152,064 tokens, each of which decodes to some text."""
    from transformers import AutoConfig, AutoTokenizer

    folder = dummy_model.make("7b", tmp_path / "7b", tiny_model)
    config = AutoConfig.from_pretrained(folder)
    assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (28, 3584, 152064)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.chat_template
    ordinary = range(len(tokenizer.all_special_ids) + 20, config.vocab_size, 977)
    assert all(tokenizer.decode([number]) for number in ordinary)


async def test_a_path_that_fails_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the first pass or in the second: what was measured is in the table, and why it ends."""
    starts: dict[str, int] = {}

    def path(row: str, fails_at: int = 0):
        @asynccontextmanager
        async def server(setting):
            starts[row] = starts.get(row, 0) + 1
            if starts[row] == fails_at:
                raise ProcessFailed(f"{row} ended with exit code 1. The end of its log:\nat once")

            async def measure(users, asked):
                return Pass(users, [Answered(0.01, 0.1, 20, 0, 8)] * 3, 0.1, 0.0, 0.1)

            yield {row: Route(measure, os.getpid())}

        return row, server

    monkeypatch.setattr(ladder, "PATHS", {  # by name
        "a": path(paths.VLLM_SERVE), "b": path("never starts", 1), "c": path("fails later", 2),
    })  # fmt: skip
    arguments = ladder._study().parse_args(
        ["--users", "1", "2", "--json", str(tmp_path / "raw.json")]
    )
    measured, missing = {}, {}
    await ladder._climb(arguments, list("abc"), None, measured, missing)
    report = ladder._report(arguments, 0.0, measured, missing)
    assert {key: len(done) for key, done in measured.items()} == {
        (paths.VLLM_SERVE, 1): 2, (paths.VLLM_SERVE, 2): 2, ("fails later", 1): 1,
        ("fails later", 2): 1,
    }  # fmt: skip
    assert "Left out: b, because it failed: never starts ended with exit code 1." in report
    assert "| fails later | 1.00 (1.00–1.00) |" in report
    assert len(json.loads((tmp_path / "raw.json").read_bytes())["results"]) == 4


@pytest.mark.engine
def test_it_climbs_with_a_model_without_weights(tiny_model: Path, tmp_path: Path) -> None:
    """Two rungs of the local gateway on a small model of made-up weights: a table, and the raw."""
    raw = tmp_path / "raw.json"
    run = subprocess.run(
        [*COMMAND, "--paths", "local", "--users", "1", "3", "--seconds", "1", "--passes", "1",
         "--tokens", "8", "--dummy", "small", "--models", str(tiny_model.parent),
         "--json", str(raw)],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=200,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "| 3 | gateway, local |" in run.stdout
    results = json.loads(raw.read_bytes())["results"]
    assert {(each["path"], each["users"]) for each in results} == {
        ("gateway, local", 1),
        ("gateway, local", 3),
    }
    assert all(each["passes"][0]["answers"] for each in results)
