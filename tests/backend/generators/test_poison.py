"""Prompts at which engines failed are remembered, for a while and not too many."""

from dataclasses import replace

from backend.generators.poison import Suspects
from backend.ports import Gap, Message, Prompt

PROMPT = Prompt((Message("user", "q"),))


def test_two_failures_make_a_prompt_poisonous_until_some_time_has_passed():
    suspects = Suspects(keep_s=60)
    suspects.failed(PROMPT, 0.0)
    assert not suspects.poisonous(PROMPT, 1.0)
    suspects.failed(PROMPT, 30.0)
    assert suspects.poisonous(PROMPT, 89.0)
    assert not suspects.poisonous(PROMPT, 91.0)
    suspects.failed(PROMPT, 91.0)
    assert not suspects.poisonous(PROMPT, 92.0)


def test_an_answer_clears_its_prompt():
    suspects = Suspects()
    suspects.failed(PROMPT, 0.0)
    suspects.answered(PROMPT)
    suspects.failed(PROMPT, 1.0)
    assert not suspects.poisonous(PROMPT, 2.0)


def test_it_is_the_same_prompt_whoever_asks_and_however_far_the_answer_was():
    suspects = Suspects()
    for prompt in (PROMPT, replace(PROMPT, cache_salt="acme", begun=(1, 2), traceparent="t")):
        suspects.failed(prompt, 0.0)
    assert suspects.poisonous(PROMPT, 1.0)
    assert not suspects.poisonous(Prompt((Message("system", "q"),)), 1.0)
    assert not suspects.poisonous(Prompt((), gap=Gap("q", "")), 1.0)


def test_the_oldest_of_too_many_is_forgotten():
    suspects = Suspects(most=2)
    prompts = [Prompt((Message("user", str(number)),)) for number in range(3)]
    for prompt in prompts:
        for _ in range(2):
            suspects.failed(prompt, 0.0)
    assert [suspects.poisonous(prompt, 1.0) for prompt in prompts] == [False, True, True]
