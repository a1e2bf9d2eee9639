"""The seed story's ladder: the two tables, and what is asked of whom."""

import subprocess
import sys
from pathlib import Path

from loadtest.benchmarks.serving import story
from loadtest.experiments.figures import figures
from loadtest.experiments.log import Experiment, new_id, provenance
from loadtest.experiments.sample import Sample

REPOSITORY = Path(__file__).parents[4]


def run(total_s: float) -> Experiment:
    samples = [
        Sample(1000.0 + n, 10, "chat", "finished", total_s, total_s / 10, completion_tokens=20)
        for n in range(20)
    ]
    return Experiment(
        id=new_id(), scenario=story.SCENARIO, options={"think": 0.25}, server={}, dataset="",
        wall_s=20.0, users=10, figures=figures(samples, 20.0), slo="failed<100%", broken=(),
        **provenance(),
    )  # fmt: skip


def test_the_storys_table_stands_before_ours_stage_by_stage() -> None:
    told, ours = story.report([run(10.0), run(3.0), run(0.5)]).split("Here, ")
    for stage in story.STAGES:
        assert f"| {stage.name} | {stage.told} |" in told
    rows = [line.split(" | ") for line in ours.splitlines() if line.startswith("| ")][2:]
    assert [row[1] for row in rows] == ["10,000 / 10,000", "3,000 / 3,000", "500 / 500"]
    assert [row[2] for row in rows] == ["1.00", "0.30", "0.05"]


def test_wrong_arguments_are_refused_before_anything_starts() -> None:
    command = [sys.executable, "-m", "loadtest.benchmarks.serving.story", "--seconds", "0"]
    refused = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert refused.returncode == 2
    assert "usage:" in refused.stderr
