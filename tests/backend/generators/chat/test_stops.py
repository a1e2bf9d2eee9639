"""Stop strings end what is said, and pass over what is thought."""

from collections.abc import AsyncGenerator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.generators.chat.stops import SpokenStops, StopStrings, spoken
from backend.ports import TextDelta


def fed(search: StopStrings | SpokenStops, *pieces: str) -> str:
    text = ""
    for piece in pieces:
        text += search.feed(piece)
        if search.found:
            return text
    return text + search.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a STOP b", "a "),
        ("<think>STOP</think>a STOP b", "<think>STOP</think>a "),
        ("<think>STOP", "<think>STOP"),
        ("\n<think>a</think>\n\nSTOP", "\n<think>a</think>\n\n"),
        ("<thi STOP", "<thi "),
        ("STO", "STO"),
        ("<th", "<th"),
    ],
)
def test_a_stop_string_is_searched_in_what_is_said(text: str, expected: str) -> None:
    assert fed(SpokenStops(["STOP"]), text) == expected
    assert fed(SpokenStops(["STOP"]), *text) == expected


texts = st.lists(
    st.sampled_from(["<think>", "</think>", "ST", "OP", "S", "a", " ", "é", "🙂"]), max_size=10
).map("".join)


@given(text=texts, cuts=st.lists(st.integers(0, 40)))
def test_the_cuts_do_not_matter(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(places)]
    whole = fed(SpokenStops(["STOP"]), text)
    assert fed(SpokenStops(["STOP"]), *pieces) == whole
    assert text.startswith(whole)
    assert fed(SpokenStops([]), *pieces) == text


async def deltas(*said: str) -> AsyncGenerator[TextDelta]:
    for text in said:
        yield TextDelta(text, tokens=1, ids=(1,))
    yield TextDelta("", finish="length")


async def test_the_tag_of_the_template_is_written_and_the_answer_ends_at_the_stop() -> None:
    made = deltas("a STOP", "</think>b ST", "OP", "never")
    got = [each async for each in spoken(made, "<think>", ["STOP"])]
    assert "".join(each.text for each in got) == "<think>a STOP</think>b "
    assert got[-1].finish == "stop"
    assert sum(each.tokens for each in got) == 3
    assert not [each async for each in made]  # it was closed


async def test_without_a_stop_nothing_is_lost() -> None:
    got = [each async for each in spoken(deltas("a</think>b ", "ST"), "<think>", ["STOP"])]
    assert "".join(each.text for each in got) == "<think>a</think>b ST"
    assert got[-1].finish == "length"
