"""The sentence about a run, and which runs may not pass whatever their SLO says."""

import pytest

from loadtest.experiments.log import Moment
from loadtest.experiments.sample import Sample
from loadtest.experiments.verdict import sentence, unfit


def failed(code, outcome="failed"):
    return Sample(0, 1, "chat", outcome, 0.1, code=code)


DONE = Sample(0, 1, "chat", "finished", 1.0, 0.1, completion_tokens=5)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([], "Nothing was asked"),
        ([failed("http 401")] * 3, "Nothing was answered. The most frequent error, 3 of 3"),
        ([failed("http 401")] * 2 + [DONE] * 200, "refused requests"),
        ([failed("unauthorized"), DONE], "1 of 2 requests: unauthorized"),
        ([failed("a"), failed("b"), failed("b")], "2 of 3 requests: b."),
        ([failed("overloaded", "shed")] * 2, "Nothing was answered"),
    ],
)
def test_a_run_that_measured_nothing_is_unfit_and_names_the_cause(samples, said):
    assert said in unfit(samples)
    assert "\n" not in unfit(samples)


@pytest.mark.parametrize("code", ["internal", "deadline", "ConnectionResetError", "http 500"])
def test_a_failure_that_the_slo_judges_is_not_a_refusal(code):
    assert unfit([DONE, failed(code), failed("http 429", "shed")]) == ""


def test_a_queue_that_grows_is_named(experiment):
    made, samples = experiment()
    assert "queue" not in sentence(made, samples)
    waiting = [Moment(at, 15, 0, waiting=float(at)) for at in range(30)]
    made, samples = experiment(timeline=tuple(waiting))
    assert sentence(made, samples).endswith("the queue is what grows.")
    steady = [Moment(at, 15, 0, waiting=3.0) for at in range(30)]
    made, samples = experiment(timeline=tuple(steady))
    assert "queue" not in sentence(made, samples)


def test_a_broken_slo_and_a_ceiling_are_said(experiment):
    made, samples = experiment(broken=("ttft_p95 is 300, not < 250",))
    assert "the SLO is broken: ttft_p95 is 300, not < 250" in sentence(made, samples)
    made, samples = experiment(ceiling=70)
    assert "the ceiling is 70 users within failed<1%" in sentence(made, samples)
    made, samples = experiment(ceiling=0, broken=("ttft_p95 is 300, not < 250",))
    assert "too many for the SLO: ttft_p95 is 300, not < 250" in sentence(made, samples)
