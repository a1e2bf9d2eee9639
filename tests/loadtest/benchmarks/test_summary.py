"""Figures, and the tables they are shown in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.benchmarks import summary
from loadtest.benchmarks.drivers.closed_loop import Answered, Pass


def a_pass(
    *ttfts_ms: float,
    tokens: int = 10,
    wall_s: float = 1.0,
    users: int = 1,
    server_cpu_s: float = 1.0,
    others_cores: float = 0.0,
) -> Pass:
    answers = [Answered(ms / 1000, 1.0, 100, 0, tokens) for ms in ttfts_ms]
    return Pass(users, answers, wall_s, 0.01, server_cpu_s, others_cores)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_is_numpys(values: list[float], share: float) -> None:
    assert summary.quantile(values, share) == pytest.approx(
        float(np.quantile(values, share)), abs=1e-6
    )


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        summary.quantile([], 0.5)


def test_tokens_per_second_count_every_answer_of_a_pass() -> None:
    assert a_pass(1, 2, 3, tokens=20, wall_s=2.0).tokens_per_s == 30


def test_a_ratio_is_taken_pass_by_pass() -> None:
    """A machine that slows down by ten in the second pass leaves the ratio alone."""
    ours = [a_pass(5), a_pass(50)]
    theirs = [a_pass(10), a_pass(100)]
    assert summary.ratio(ours, theirs, summary.ttft_p50_ms) == summary.Spread(0.5, 0.5, 0.5)


def test_a_ratio_is_of_the_passes_that_both_have() -> None:
    """A run that was broken off has a table of what there was."""
    cut = summary.ratio([a_pass(5)], [a_pass(10), a_pass(1)], summary.ttft_p50_ms)
    assert cut == summary.Spread(0.5, 0.5, 0.5)


def test_ratios_show_a_dash_for_what_was_not_measured() -> None:
    passes = {
        ("base", 1): [a_pass(10, server_cpu_s=0.1)],
        ("ours", 1): [a_pass(5, server_cpu_s=0.2)],
        ("ours", 8): [a_pass(5, users=8)],
    }
    table = summary.ratios_table(passes, ["ours"], "base").splitlines()
    assert table[0] == (
        "| path | TTFT p50, 1 | TTFT p50, 8 | tokens/s, 1 | tokens/s, 8 | CPU, 1 | CPU, 8 |"
    )
    assert table[2] == (
        "| ours | 0.50 (0.50–0.50) | – | 1.00 (1.00–1.00) | – | 2.00 (2.00–2.00) | – |"
    )


def test_figures_are_sorted_by_users_and_show_median_and_extremes() -> None:
    passes = {
        ("ours", 8): [a_pass(20, users=8)],
        ("ours", 1): [a_pass(1), a_pass(9), a_pass(2)],
    }
    _, _, one, eight = summary.figures_table(passes).splitlines()
    assert one.startswith("| 1 | ours | 2.0 (1.0–9.0) |")
    assert eight.startswith("| 8 | ours | 20.0 (20.0–20.0) |")


def test_retrieval_is_told_apart_from_the_reading_of_what_it_found() -> None:
    passes = {
        ("retrieving", 1): [a_pass(42), a_pass(44)],
        ("documented", 1): [a_pass(30), a_pass(30)],
        ("bare", 1): [a_pass(10), a_pass(10)],
    }
    triples = [("retrieving", "documented", "bare"), ("not", "measured", "here")]
    _, _, row = summary.added_table(passes, triples).splitlines()
    assert row == "| bare | 13.0 (12.0–14.0) | 20.0 (20.0–20.0) | 33.0 (32.0–34.0) |"


def test_fairness_is_a_mean_over_every_answer_of_a_path() -> None:
    passes = {("ours", 1): [a_pass(1, tokens=10)], ("ours", 8): [a_pass(1, 2, 3, tokens=50)]}
    *_, row = summary.fairness_table(passes).splitlines()
    assert row == "| ours | 4 | 100.0 | 0.0 | 40.0 | 5.0 |"


def test_the_quieter_half_is_the_same_passes_for_every_path() -> None:
    """The second pass of three was disturbed, if only on one of its paths."""
    ours = [a_pass(1), a_pass(2), a_pass(3)]
    theirs = [a_pass(4), a_pass(5, others_cores=1.5), a_pass(6, others_cores=0.1)]
    kept = summary.quieter_half({("ours", 1): ours, ("theirs", 1): theirs})
    assert kept == {("ours", 1): [ours[0], ours[2]], ("theirs", 1): [theirs[0], theirs[2]]}


def test_each_number_of_users_has_its_own_quieter_half() -> None:
    passes = {
        ("ours", 1): [a_pass(1, others_cores=1), a_pass(2)],
        ("ours", 8): [a_pass(3, users=8), a_pass(4, others_cores=1, users=8)],
    }
    assert summary.quieter_half(passes) == {
        ("ours", 1): [passes["ours", 1][1]],
        ("ours", 8): [passes["ours", 8][0]],
    }
