"""Thinking is told from what is said, wherever the text is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.generators.chat.thinking import Thinking


def said(*pieces: str) -> str:
    thinking = Thinking()
    return "".join(map(thinking.feed, pieces)) + thinking.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "Hello"),
        ("\n Hello", "\n Hello"),
        ("<think>a</think>b", "b"),
        ("\n<think>\na\n</think>\n\nb <think>c</think>", "b <think>c</think>"),
        ("<think>a</think><think>b</think>\nc", "c"),
        ("<thinking>a</think>b</thinking>c", "c"),
        ("[THINK]a[/THINK]b", "b"),
        ("<think>a", ""),
        ("<think>a</thin", ""),
        ("<think></think>\n", ""),
        ("<thi", "<thi"),
        ("<thin air>", "<thin air>"),
        ("Use `<think>`.", "Use `<think>`."),
        ("</think>a", "</think>a"),
        ("", ""),
        ("  ", "  "),
    ],
)
def test_what_is_said(text: str, expected: str) -> None:
    assert said(text) == expected
    assert said(*text) == expected


text = st.lists(
    st.sampled_from(["<think>", "</think>", "<thinking>", "</thinking>", "<", "/", "a", " ", "\n"]),
    max_size=12,
).map("".join)


@given(text=text, cuts=st.lists(st.integers(0, 60)))
def test_the_cuts_do_not_matter(text: str, cuts: list[int]) -> None:
    """What comes out is an end of the text."""
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    assert said(*(text[a:b] for a, b in pairwise(places))) == said(text)
    assert text.endswith(said(text))


def test_it_knows_what_it_does() -> None:
    thinking = Thinking()
    thinking.feed("<think>Well")
    assert (thinking.thought, thinking.inside, thinking.said) == (True, True, False)
    thinking.feed("</think>\nYes")
    assert (thinking.thought, thinking.inside, thinking.said) == (True, False, True)
