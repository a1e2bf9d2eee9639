"""What calibration makes of measured steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.benchmarks.scaling.calibrate import Step, fit, predicted, validation
from loadtest.simulation import speed as speeds
from loadtest.simulation.speed import Speed

costs = st.tuples(
    st.floats(1e-3, 0.1), st.floats(1e-5, 1e-2), st.floats(1e-8, 1e-5), st.floats(1e-6, 1e-3)
)


@given(costs)
def test_steps_of_known_costs_give_those_costs(known):
    base, sequence, kv_token, prefill = known
    shapes = [(1, 0, 64), (1, 0, 1000), *((n, n * kv, 0) for n in (1, 8, 32) for kv in (80, 1000))]
    steps = [
        Step(n, kv, read, base + n * sequence + kv * kv_token + read * prefill)
        for n, kv, read in shapes
    ]
    assert fit(steps) == pytest.approx(known, rel=1e-3)


def test_no_cost_is_below_zero():
    """A KV cache that seems to make steps faster is noise."""
    shapes = ((1, 0, 64), (1, 0, 900), (1, 80, 0), (8, 9000, 0), (16, 900, 0))
    steps = [
        Step(n, kv, read, 0.01 + 0.001 * n - 1e-8 * kv + 1e-4 * read) for n, kv, read in shapes
    ]
    fitted = fit(steps)
    assert min(fitted) == fitted[2] == 0
    assert fitted[3] == pytest.approx(1e-4, rel=0.05)


def test_a_speed_comes_back_as_it_was_written(tmp_path):
    speed = speeds.read("h100-7b")
    speeds.write(speed, tmp_path / "mine.toml")
    assert speeds.read(str(tmp_path / "mine.toml")) == speed


def test_a_speed_with_a_wrong_name_is_refused(tmp_path):
    (tmp_path / "bad.toml").write_text("stepp_s = 1\n")
    with pytest.raises(ValueError, match=r"bad\.toml.*stepp_s"):
        speeds.read(str(tmp_path / "bad.toml"))


def test_what_is_played_is_predicted_for_every_request():
    speed = Speed("a test", 0.005, 1e-4, 1e-7, 20_000, 1, 100_000, 64, 2048)
    trace = validation(5.0, 10.0, seed=1)
    assert len(predicted(trace, speed)) == len(trace) > 20
