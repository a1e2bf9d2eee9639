"""Costs: guessed from characters first, then learned per kind from what the engine counted."""

import pytest

from backend.admission.cost import EXPECTED_OUTPUT, Costs, spent
from backend.ports import Demand
from backend.protocol.wire import Usage


def test_before_the_first_answer_the_output_is_a_guess_below_what_was_asked_for():
    costs = Costs(["chat"])
    assert costs.estimate(Demand("chat", prompt_tokens=100)) == 100 + EXPECTED_OUTPUT
    assert costs.estimate(Demand("chat", prompt_tokens=100, max_tokens=16)) == 116


def test_passages_cached_prefix_and_length_of_answers_are_learned_per_kind():
    """400 tokens of passages on top of what was sent, half of all that cached, 40 generated."""
    costs, demand = Costs(["chat", "help"]), Demand("chat", prompt_tokens=100)
    for _ in range(50):
        costs.learn(demand, Usage(500, 250, 40), service_s=1.0)
    assert costs.estimate(demand) == pytest.approx(250 + 40)
    assert costs.estimate(Demand("chat", prompt_tokens=300)) == pytest.approx(350 + 40)
    assert costs.estimate(Demand("help", prompt_tokens=100)) == 100 + EXPECTED_OUTPUT
    assert spent(Usage(500, 250, 40)) == 290


def test_answers_that_grow_longer_are_followed():
    costs, demand = Costs(["chat"]), Demand("chat", prompt_tokens=0)
    for tokens in [50] * 100 + [200] * 100:
        costs.learn(demand, Usage(10, 0, tokens), 1.0)
    assert costs.estimate(demand) == pytest.approx(210, rel=0.02)


def test_a_generator_that_counts_nothing_teaches_only_time():
    costs, demand = Costs(["chat"]), Demand("chat", prompt_tokens=8)
    costs.learn(demand, Usage(), 2.0)
    assert costs.estimate(demand) == 8 + EXPECTED_OUTPUT
    assert costs.fastest_s(demand) == 2.0


def test_the_fastest_is_what_one_answer_in_ten_achieves():
    costs, demand = Costs(["chat"]), Demand("chat")
    for n in range(5000):
        costs.learn(demand, Usage(), 1 + (n * 7 % 100) / 100)  # evenly 1.0 to 1.99
    assert costs.fastest_s(demand) == pytest.approx(1.1, abs=0.1)
