"""Figures of samples, and the SLO's terms."""

import pytest

from loadtest.experiments.figures import NAMES, Slo, figures, table
from loadtest.experiments.sample import Sample


def finished(ttft_s: float, total_s: float, tokens: int = 11, **fields: object) -> Sample:
    return Sample(0, 1, "chat", "finished", total_s, ttft_s, completion_tokens=tokens, **fields)


def test_figures_of_a_handful():
    samples = [
        finished(0.1, 1.1, gaps_s=(0.2, 0.4), prompt_tokens=100, cached_tokens=50, queue_s=0.01,
                 rails_s=0.02, retrieval_s=0.03, server_ttft_s=0.09),
        finished(0.3, 2.3),
        Sample(0, 1, "chat", "shed", 0.01, code="overloaded"),
        Sample(0, 1, "chat", "failed", 0.01, code="internal"),
    ]  # fmt: skip
    found = figures(samples, wall_s=2.0, slo=Slo.parse("ttft_p95<200ms"))
    assert found.requests == 4
    assert found["ttft_p50"] == pytest.approx(200)
    assert found["itl_p50"] == pytest.approx(300)
    assert found["tpot_p99"] == pytest.approx(199, abs=1)
    assert found["prefill_p99"] == pytest.approx(50, abs=1)  # 90 - 10 - the longer of 20 and 30
    assert found["tokens_per_s"] == 11
    assert found["answers_per_s"] == 1
    assert found["goodput_per_s"] == 0.5
    assert (found["shed"], found["failed"], found["cached"]) == (0.25, 0.25, 0.5)


def test_nothing_finished_is_no_error():
    found = figures([Sample(0, 1, "chat", "failed", 1, code="x")], 1.0)
    assert (found["ttft_p95"], found["failed"]) == (0, 1)
    assert set(found.values) == set(NAMES)
    assert "| failed | 100.0 % |" in table(found)


def test_an_slo_names_the_terms_that_do_not_hold():
    slo = Slo.parse("ttft_p95<0.25s, failed<30%, answers_per_s>=2")
    found = figures([finished(0.3, 1.0)] * 2, 1.0)
    assert slo.broken(found) == ["ttft_p95 is 300, not < 250"]


@pytest.mark.parametrize("text", ["", "ttft<1", "ttft_p95=1", "ttft_p95<fast", "latency_p95<1s"])
def test_a_term_that_means_nothing_is_explained(text):
    with pytest.raises(ValueError, match="ttft_p95<500ms"):
        Slo.parse(text)
