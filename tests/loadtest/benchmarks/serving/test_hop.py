"""Our way from the generator to the gateway beside grpc.aio: both carry whole answers."""

import pytest

from loadtest.benchmarks.serving import hop


def test_both_ways_carry_whole_answers(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--users", "2", "--deltas", "3", "--step-ms", "1", "--answers", "2", "--passes", "1"]
    hop.main(given)
    rows = [line.split("|")[2].strip() for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows == ["ours", "grpc.aio", "ratio"]


def test_a_row_is_the_cpu_of_an_answer_and_what_was_waited_for() -> None:
    cost = hop.Cost(answers=2, cpu_s=0.01, first_s=[0.002], delta_s=[0.001, 0.003])
    assert cost.row()[:3] == pytest.approx((5.0, 2.0, 2.0))
