"""Which replica a prompt goes to."""

from dataclasses import replace

import pytest

from backend.deploy.ray.routing import Prefixes, beginnings, ranked, work
from backend.ports import Message, Prompt, Sampling

FILE = Message("system", "You explain this file: " + "x = 1\n" * 200)
FIRST = Prompt((FILE, Message("user", "What does it do?")))
FOLLOW_UP = Prompt(
    (
        FILE,
        Message("user", "What does it do?"),
        Message("assistant", "It sets x."),
        Message("user", "Why?"),
    )
)
OTHER = Prompt((Message("system", "Another file"), Message("user", "What does it do?")))
REPLICAS = ("a", "b", "c")


def best(prompt, prefixes, load):
    return ranked(REPLICAS, prefixes.known(prompt), load)[0]


def test_a_conversation_stays_where_its_prefix_is():
    prefixes = Prefixes()
    prefixes.read(FIRST, "b")

    assert best(FOLLOW_UP, prefixes, {}) == "b"
    assert best(FIRST, prefixes, {"b": 600}) == "b"


def test_a_token_load_that_outweighs_the_prefix_sends_it_elsewhere():
    prefixes = Prefixes()
    prefixes.read(FIRST, "b")

    assert ranked(REPLICAS, prefixes.known(FIRST), {"b": 20_000}) == ["a", "c", "b"]


def test_what_nobody_has_read_goes_to_the_least_loaded():
    prefixes = Prefixes()
    prefixes.read(FIRST, "b")

    assert best(OTHER, prefixes, {"a": 900, "b": 900, "c": 100}) == "c"


def test_the_longest_beginning_counts():
    prefixes = Prefixes()
    prefixes.read(FIRST, "a")
    prefixes.read(FOLLOW_UP, "b")
    known = prefixes.known(FOLLOW_UP)

    assert known["b"] == beginnings(FOLLOW_UP)[-1].tokens > known["a"] > 0


def test_tenants_share_no_prefix_as_they_share_no_cache():
    prefixes = Prefixes()
    prefixes.read(replace(FIRST, cache_salt="acme"), "a")

    assert prefixes.known(replace(FIRST, cache_salt="rival")) == {}


def test_a_replica_that_is_gone_has_read_nothing():
    prefixes = Prefixes()
    prefixes.read(FIRST, "a")
    prefixes.forget("a")

    assert prefixes.known(FIRST) == {}


def test_what_was_used_least_lately_is_forgotten_first():
    prefixes = Prefixes(capacity=4)
    prefixes.read(FIRST, "a")
    prefixes.read(OTHER, "b")
    prefixes.read(FIRST, "a")
    prefixes.read(Prompt((Message("system", "third"), Message("user", "?"))), "c")

    assert prefixes.known(OTHER) == {}
    assert set(prefixes.known(FIRST)) == {"a"}


@pytest.mark.parametrize(("sampling", "tokens"), [(Sampling(max_tokens=100), 100), (None, 0)])
def test_work_is_the_prompt_and_the_longest_answer(sampling, tokens):
    assert work(FIRST, sampling) == work(FIRST, None) + tokens
    assert work(FIRST, None) == beginnings(FIRST)[-1].tokens
