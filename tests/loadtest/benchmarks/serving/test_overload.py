"""The figures of the overload measurement, from outcomes made up."""

import pytest

from loadtest.benchmarks.drivers.capacity import within
from loadtest.benchmarks.drivers.closed_loop import Answered
from loadtest.benchmarks.drivers.open_loop import Outcome
from loadtest.benchmarks.serving.overload import SLO_S, figures, verdict


def answered(at, ttft_s, total_s=1.0):
    return Outcome(at, at + total_s, Answered(ttft_s, total_s, 10, 0, 5))


def test_only_the_window_counts_and_only_what_came_in_time_is_good():
    outcomes = [
        answered(1.5, 0.1),  # arrived before the window, ended in it
        answered(2.5, 0.2),
        answered(3.0, SLO_S + 0.1, total_s=0.5),  # too late to be worth anything
        Outcome(3.5, 3.51, shed=True),
        Outcome(3.6, 9.0, unanswered=True),
        Outcome(3.7, 3.8, error="broken"),
    ]
    found = figures([outcomes], 2.0, 4.0)
    assert (found.offered, found.goodput) == (2.5, 1.0)
    assert (found.shed, found.failed, found.unanswered) == (0.2, 1, 1)
    assert found.shed_p99_s == pytest.approx(0.01)
    assert found.ttft_p99_s > SLO_S  # who never was answered has waited longest


def test_the_verdict_compares_with_the_peak_and_with_the_lightest_load():
    light = figures([[answered(n / 10, 0.1) for n in range(100)]], 2.0, 8.0)
    full = figures([[answered(n / 20, 0.1) for n in range(200)]], 2.0, 8.0)
    heavy = figures([[answered(n / 5, 0.15) for n in range(50)]], 2.0, 8.0)
    said = verdict({1.0: light, 2.0: full, 8.0: heavy})
    assert "goodput is 100% of what is offered at 1×" in said
    assert "at its worst (8×) 25% of its peak" in said
    assert "at most 1.50 of its value at 1×" in said


def test_an_answer_that_lies_partly_in_the_window_counts_by_that_part():
    assert within([(0, 4), (1, 2), (3, 5)], 2, 4) == 0.5 + 0 + 0.5


def test_rates_are_of_all_passes_together():
    quick, slow = ([answered(2 + n / 10, 0.1) for n in range(count)] for count in (10, 20))
    assert figures([quick, slow], 2.0, 6.0).offered == 30 / 8
