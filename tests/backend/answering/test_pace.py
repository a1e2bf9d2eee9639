"""The machine's pace is learnt from its answers; searches and passages follow it within bounds."""

import pytest

from backend.answering.pace import Pace


def learnt(*answers: tuple[int, float]) -> Pace:
    pace = Pace()
    for tokens, seconds in answers:
        pace.learn(tokens, seconds)
    return pace


def test_an_unknown_machine_gets_all_passages_and_patience_for_a_cold_index() -> None:
    pace = learnt((99, 1.0), (500, 0.0))
    assert pace.passage_tokens(3000, 200, 3.0) == 3000
    assert pace.search_ms(300, 1000) == 2000


def test_a_slow_machine_gets_fewer_passages_and_longer_searches() -> None:
    pace = learnt((1000, 5.0))
    assert pace.passage_tokens(3000, 200, 4.0) == pytest.approx(600)
    assert pace.passage_tokens(3000, 200, 1.0) == 500
    assert pace.passage_tokens(3000, 200, 0) == 3000
    assert pace.search_ms(300, 400) == pytest.approx(1000)
    assert pace.search_ms(300, 40_000) == 5000


def test_a_fast_machine_keeps_what_the_settings_say() -> None:
    pace = learnt((1000, 0.05))
    assert pace.passage_tokens(3000, 200, 3.0) == 3000
    assert pace.search_ms(300, 3000) == 300


def test_a_busy_moment_hardly_counts_and_a_quiet_one_does_at_once() -> None:
    pace = learnt((1000, 10.0), (1000, 1.0))
    assert pace.tokens_s == pytest.approx(1000)
    pace.learn(1000, 10.0)
    assert pace.tokens_s == pytest.approx(955)
