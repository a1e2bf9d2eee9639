"""The fairness table, from outcomes made up."""

from loadtest.benchmarks.drivers.closed_loop import Answered
from loadtest.benchmarks.drivers.open_loop import Outcome
from loadtest.benchmarks.serving.fairness import ALONE, MANY, ONE, report


def outcomes(ttft_s, shed=0):
    done = [Outcome(0, 1, Answered(ttft_s, 1.0, 10, 0, 5)) for _ in range(10)]
    return done + [Outcome(0, 0.01, shed=True) for _ in range(shed)]


def test_ratios_are_taken_turn_by_turn():
    """A machine that was slow in the second turn was so for both sides of its ratio."""
    text = report(
        {
            ALONE: [outcomes(0.1), outcomes(0.2)],
            ONE: [outcomes(0.12), outcomes(0.24)],
            MANY: [outcomes(0.5), outcomes(1.0, shed=3)],
        }
    )
    alone, one, many = text.splitlines()[2:]
    assert alone.startswith(f"| {ALONE} | 20 | 150 | 150 | 1 | 0 | 0 |")
    assert "| 1.20 (1.20–1.20) |" in one
    assert "| 5.00 (5.00–5.00) | 3 | 0 |" in many
