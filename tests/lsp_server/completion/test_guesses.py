"""Inline completion's memory, and when a completion under way still is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.completion.guesses import Memory, Pause, Spot, goes_on


def spot(text, suffix="\n", uri="u"):
    return Spot(uri, len(text), text[-4000:], suffix)


@given(typed=st.integers(0, 8), before=st.text(max_size=500))
def test_whoever_types_the_completion_gets_the_rest(typed, before):
    """The backend is not asked again. Nothing comes once all of it is typed."""
    memory = Memory()
    memory.add(spot(before), "rfft(x)")
    rest = "rfft(x)"[typed:]
    expected = rest if typed < 7 else None
    assert memory.recall(spot(before + "rfft(x)"[:typed])) == (expected if typed <= 7 else None)


@pytest.mark.parametrize(
    "other",
    [
        spot("y = i"),
        spot("y ="),
        spot("x = r"),
        spot("y = r", suffix=")\n"),
        spot("y = r", uri="v"),
    ],
    ids=["other text", "deleted", "other prefix", "other suffix", "other document"],
)
def test_another_place_is_another_question(other):
    memory = Memory()
    memory.add(spot("y = "), "rfft(x)")
    assert memory.recall(other) is None


def test_a_completion_of_nothing_is_remembered_too():
    """The backend is not asked again for what it has nothing to say to."""
    memory = Memory()
    memory.add(spot("y = "), "")
    assert memory.recall(spot("y = ")) == ""
    assert memory.recall(spot("y = 1")) is None


def test_the_oldest_is_forgotten():
    memory = Memory()
    for number in range(250):
        memory.add(spot(f"{number:03}"), "x")
    assert memory.recall(spot("000")) is None
    assert memory.recall(spot("249")) == "x"


@pytest.mark.parametrize(
    ("typed", "so_far", "on"),
    [
        ("r", "", True),
        ("r", "rff", True),
        ("rfft", "rf", True),
        ("i", "rf", False),
        ("", "r", True),
    ],
)
def test_a_completion_goes_on_while_what_is_typed_is_what_it_says(typed, so_far, on):
    assert goes_on(spot("y = " + typed), spot("y = "), so_far) is on


def test_the_pause_grows_while_nothing_is_taken():
    pause = Pause()
    first = pause.seconds
    for _ in range(50):
        pause.shown()
    assert first < pause.seconds == Pause.LONGEST_S
    pause.taken()
    assert pause.seconds == first
