"""Passages fit their share of a prompt: clipped around the match, then the last ones left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.answering.passage_budget import CUT, clip, estimate, fit
from indexer.types import Chunk, Passage


def passage(text, title="t"):
    return Passage(Chunk(source="s", uri="file:///a", title=title, text=text), 0.5)


def texts(fitted):
    return [each.chunk.text for each in fitted.passages]


def test_ordinary_passages_are_left_as_they_are():
    passages = tuple(passage("sort(a) sorts an array. " * 30, str(n)) for n in range(6))
    fitted = fit(passages, "how do I sort?", 3000)
    assert fitted.passages == passages
    assert fitted.said == ""


def test_a_long_passage_is_clipped_around_what_the_question_asks_for():
    lines = [f"line {number} says nothing" for number in range(10_000)]
    lines[7_000] = "rfft transforms real signals"
    fitted = fit([passage("\n".join(lines))], "how do I use rfft on signals?", 300)
    (text,) = texts(fitted)
    assert "\nrfft transforms real signals\n" in text
    assert text.startswith(f"{CUT}\nline 6")
    assert text.endswith(CUT)
    assert estimate(text) <= 300
    assert fitted.said == "Passages of documentation that are too long for the prompt: 1 shortened."


def test_what_has_no_room_is_left_out_from_the_end():
    passages = [passage("word " * 600, title) for title in "abcd"]
    fitted = fit(passages, "?", 2500)
    assert [each.chunk.title for each in fitted.passages] == ["a", "b", "c"]
    assert "1 shortened, 1 left out" in fitted.said


def test_one_long_passage_leaves_room_for_the_next():
    fitted = fit([passage("x" * 300_000), passage("sort(a)")], "sort", 1000)
    assert len(fitted.passages) == 2
    assert texts(fitted)[1] == "sort(a)"


def test_without_room_there_are_no_passages():
    assert fit([passage("x" * 900)], "?", 0).passages == ()


def test_a_clipped_code_block_is_fenced_still():
    code = "```python\n" + "x = rfft(y)\n" * 2_000 + "end = True\n```"
    clipped = clip(code, ["rfft"], 200)
    assert clipped.startswith("```python\n")
    assert clipped.endswith(f"\n```\n{CUT}")
    later = clip(code, ["end"], 200)
    assert later.startswith(f"{CUT}\n```\nx")
    assert later.endswith("\n```")


@given(
    st.lists(st.text("ab \n`é漢", max_size=400), max_size=5),
    st.text("ab ", max_size=20),
    st.integers(0, 400),
)
def test_whatever_is_found_keeps_the_budget(found, question, tokens):
    fitted = fit([passage(text) for text in found], question, tokens)
    assert sum(map(estimate, texts(fitted))) <= tokens
    assert len(fitted.passages) <= len(found)


@pytest.mark.parametrize("text", ["漢字" * 5_000, "a" * 100_000, "\n" * 50_000, "` ``` \n" * 9_000])
def test_texts_of_any_kind_are_clipped_to_about_the_budget(text):
    assert estimate(clip(text, ["rfft"], 500)) <= 500
