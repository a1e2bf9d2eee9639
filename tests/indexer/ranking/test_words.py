"""Words of prose and identifiers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.ranking.words import (
    _QUOTED,
    is_about,
    names,
    overlap,
    possessed,
    root,
    searched,
    sought,
    stem,
    terms,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("np.fft.rfft2", ["np", "fft", "rfft", "2"]),
        ("camelCase HTTPServer snake_case", ["camel", "case", "http", "server", "snake", "case"]),
        ("How do I?", ["how", "do", "i"]),
        ("", []),
    ],
)
def test_identifiers_come_apart(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("np.fft.rfft2", ["numpy.fft.rfft2", "numpy", "fft", "rfft2", "rfft"]),
        ("read_csv", ["read_csv", "read", "csv"]),
        ("MaskedArray", ["maskedarray", "masked", "array"]),
        ("np.where", ["numpy.where", "numpy", "where"]),
        ("How do I sort the arrays?", ["sort", "array"]),
        ("FFTs of 2 signals", ["fft", "2", "signal"]),
        ("größe naïve", ["größe", "naïve"]),
        ("x" * 65, []),
        ("\ud800 \x00 …", []),
    ],
)
def test_a_text_is_found_by(text: str, expected: list[str]) -> None:
    """Identifiers whole and in parts, aliases resolved; prose without function words."""
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what does np.where do", ["numpy.where"]),
        ("np.fft.irfft", ["numpy.fft.irfft"]),
        ("how do I use rfft?", ["rfft"]),
        ("rfft parameters", ["rfft"]),
        ("where", ["where"]),
        ("how does where work", ["where"]),
        ("explain `solve` of this library", ["solve"]),
        ("why does fft(x) fail", ["fft"]),
        ("MaskedArray versus ndarray.sort", ["MaskedArray", "ndarray.sort"]),
        ("how do I sort an array?", []),
        ("how do I run an FFT on my data?", []),
        ("", []),
        ("?!", []),
    ],
)
def test_a_question_names(question: str, expected: list[str]) -> None:
    """Anything that looks like code is a name; a plain word only when there is no other."""
    assert names(question) == expected


@given(st.text("a.1_`( \n", max_size=40))
def test_quoted_names_are_those_of_the_plain_expression(question: str) -> None:
    """The expression that reads a text once finds what the simpler, quadratic one found."""
    plain = re.compile(r"`+([^`\s]+?)`+|([^\W\d][\w.]*)\(")
    found = [tick or call for tick, call, open_ in _QUOTED.findall(question) if tick or open_]
    assert found == [tick or call for tick, call in plain.findall(question)]


def test_few_of_many_names_and_terms_are_searched_for() -> None:
    """20,000 dotted names were 20,000 searches."""
    question = " ".join(f"pkg.name{number}" for number in range(20_000))
    assert names(question) == [f"pkg.name{number}" for number in range(16)]
    assert len(sought(question)) == 128
    assert sought("sort the sorted sort") == ["sort", "sorted"]


def test_of_a_long_question_the_beginning_and_the_end_are_searched() -> None:
    assert searched("how do I sort?") == "how do I sort?"
    long = "why does this fail: " + "x" * 1_000_000 + " with np.sort?"
    cut = searched(long)
    assert len(cut) <= 2_001
    assert cut.startswith("why does this fail")
    assert cut.endswith("with np.sort?")


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("what does np.where do", True),
        ("how do I use the `limit` parameter of read()?", True),
        ("why does np.where return a tuple of arrays", True),
        ("example of `where` masks", True),
        ("now closes a socket as shutdown() did when the peer is gone", False),
        ("Return the model matching the given app_label", False),
        ("Is there a model matching app_label?", True),
    ],
)
def test_a_question_is_about_a_name_when_it_says_little_else(question: str, about: bool) -> None:
    assert is_about(question, names(question)) is about


@pytest.mark.parametrize(
    ("word", "singular"),
    [("arrays", "array"), ("frequencies", "frequency"), ("indices", "indice"), ("axis", "axis"),
     ("class", "class"), ("status", "status"), ("as", "as"), ("bias", "bia")],
)  # fmt: skip
def test_plurals(word: str, singular: str) -> None:
    """Weak on purpose; what is wrong is wrong in question and text alike."""
    assert stem(word) == singular


def test_rare_words_weigh_more() -> None:
    """A word that every text has tells nothing."""
    scores = overlap("the fft data", ["the data", "the data fft", "the data", "the"])
    assert scores[1] > scores[0] > scores[3] == 0


def test_nothing_shared_is_nothing() -> None:
    assert overlap("fft", ["sort", ""]) == [0, 0]
    assert overlap("fft", []) == []


def test_what_the_asker_has_is_told_from_what_is_asked_for() -> None:
    assert possessed("how do I run an FFT on my data? Our DataFrames are big") == {
        "data", "dataframes", "frame",
    }  # fmt: skip


def test_relatives_share_a_root() -> None:
    """Short words are their own roots: too many others begin like them."""
    assert {root(word) for word in ("serialize", "serialized", "serialization")} == {"serializ"}
    assert [root(word) for word in ("red", "using", "rfft2")] == ["red", "using", "rfft2"]
