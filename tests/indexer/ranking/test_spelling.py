"""Names that words spell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.ranking.spelling import spelled


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("irfft", "compute inverse fft real signal", ("inverse", "real", "fft")),
        ("ihfft", "compute inverse fft real signal", ()),
        ("cumsum", "cumulative sum", ("cumulative", "sum")),
        ("solve_banded", "solve banded system", ("solve", "banded")),
        ("sort", "sort array", ("sort",)),
        ("argsort", "sort array", ()),
        ("abc", "alpha beta charlie", ()),
        ("fx", "fx", ()),
        ("", "fft", ()),
        ("fft", "", ()),
    ],
)
def test_spelled(name: str, words: str, said: tuple[str, ...]) -> None:
    """The fewest words spell the whole name, and one of them contributes enough letters."""
    assert spelled(name, words.split()) == said


@given(st.text("abc_", max_size=30), st.lists(st.text("abc", min_size=1), max_size=12))
def test_what_spells_a_name_is_among_the_words(name: str, words: list[str]) -> None:
    """The words that spell a name are among the given ones. It ends soon for any letters."""
    said = spelled(name, words)
    assert set(said) <= set(words)
    if said:
        assert name.replace("_", "")[0] == said[0][0]
