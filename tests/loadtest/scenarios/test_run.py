"""A run from its first sample to its experiment, without Locust and without a server."""

import time

import msgspec
import pytest

from loadtest.experiments.figures import Slo
from loadtest.experiments.log import Moment
from loadtest.experiments.sample import Sample
from loadtest.scenarios.catalogue import SCENARIOS, Scenario
from loadtest.scenarios.options import Options
from loadtest.scenarios.run import Run


def sample(ttft_s: float, at: float | None = None, **fields: object) -> Sample:
    return Sample(at or time.time(), 5, "chat", "finished", ttft_s + 1, ttft_s, **fields)


def run(slo: str = "ttft_p95<2s", **options: object) -> Run:
    made = Run(Options(**options), Slo.parse(slo), {"model": "tiny"})
    made.begin()
    return made


def test_an_experiment_says_what_was_run_and_what_came_of_it():
    begun = run(token="secret", note="why", gpus=2, price_per_hour=7.2)
    start = time.time()
    begun.add([sample(0.1, start, completion_tokens=11, dataset="d1")] * 10)
    begun.note(Moment(1.0, 20, 10))
    begun.end()
    made = begun.experiment()
    assert (made.scenario, made.dataset, made.users, made.broken) == ("typical", "d1", 20, ())
    assert made.wall_s == pytest.approx(1.1, abs=0.2)
    assert made.cost["gpu_s_per_answer"] == pytest.approx(2 * made.wall_s / 10, rel=0.01)
    assert made.cost["per_1000_answers"] == pytest.approx(7.2 * made.wall_s / 36, rel=0.01)
    assert b"secret" not in msgspec.json.encode(made)
    assert made.options["note"] == "why"


def test_a_staircase_ends_at_the_step_that_breaks_the_slo(monkeypatch):
    """And the ceiling is the step before it."""
    steps = Scenario("steps", "", 100, duration_s=60, step_users=10, step_s=0.05)
    monkeypatch.setitem(SCENARIOS, "steps", steps)
    begun = run("ttft_p95<500ms", scenario="steps")
    seen = []
    while (users := begun.users_now()) is not None:
        seen.append(users)
        begun.add([sample(0.1 if users < 30 else 0.9)])
        time.sleep(0.005)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1], begun.ceiling) == (10, 30, 20)
    assert begun.left_s == 0  # so that users stop, and the run need not last its whole time


def test_progress_is_about_the_last_seconds():
    begun = run()
    begun.add([sample(9.0, time.time() - 100), sample(0.2, time.time() - 1)])
    begun.note(Moment(1.0, 7, 2, waiting=3))
    line = begun.progress()
    assert "7 users" in line
    assert "3 wait" in line
    assert "TTFT p50 200 " in line
