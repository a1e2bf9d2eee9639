"""Traces: made from a seed, written and read back."""

from pathlib import Path

import pytest

from loadtest.simulation import traffic


@pytest.mark.parametrize("name", traffic.SYNTHETIC)
def test_a_seed_always_makes_the_same_trace(name):
    make = traffic.SYNTHETIC[name]
    assert make(50, 0.2, 7) == make(50, 0.2, 7) != make(50, 0.2, 8)


@pytest.mark.parametrize("name", traffic.SYNTHETIC)
def test_a_trace_is_in_order_and_within_its_hours(name):
    times = [asked.at_s for asked in traffic.SYNTHETIC[name](200, 0.2, 7)]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= 0.2 * 3600


def test_everybody_at_work_asks_as_often_as_people_do():
    """In the plateau of the spike 1,000 users ask 1,000 / THINK_S questions a second."""
    trace = traffic.spike(1000, 1.0, 7)
    plateau = [asked for asked in trace if 1200 <= asked.at_s < 2400]
    assert len(plateau) == pytest.approx(1200 * 1000 / traffic.THINK_S, rel=0.05)


def test_the_script_floods_the_middle_third_alone():
    trace = traffic.flood(300, 0.3, 7)
    script = [asked.at_s for asked in trace if asked.user == "script"]
    assert min(script) > 0.1 * 3600
    assert max(script) < 0.2 * 3600
    assert len(script) > 20


def test_a_trace_comes_back_as_it_was_written(tmp_path: Path):
    trace = traffic.diurnal(20, 0.1, 7)
    traffic.write(trace, tmp_path / "trace.jsonl")
    assert traffic.read(tmp_path / "trace.jsonl") == trace


def test_a_broken_line_is_refused_naming_the_file(tmp_path: Path):
    (tmp_path / "bad.jsonl").write_text('{"at_s": "soon"}\n')
    with pytest.raises(ValueError, match=r"bad\.jsonl.*at_s"):
        traffic.read(tmp_path / "bad.jsonl")
