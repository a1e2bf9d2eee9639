"""Phrases are found as by a look through the text for each."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.screening.phrases import Phrases

_TEXT = st.text(alphabet="ab \n.é", max_size=120)


@given(st.lists(st.text(alphabet="ab é.", min_size=1, max_size=8).filter(str.strip)), _TEXT)
def test_all_that_stand_in_a_text_are_found_and_no_others(phrases: list[str], text: str) -> None:
    """Within words, across blanks, at either end, overlapping; and again, from memory."""
    found = Phrases(phrases)
    for _ in range(2):
        within = list(found.within(text))
        assert sorted(within) == sorted({phrase for phrase in phrases if phrase in text})


def test_a_word_that_is_too_long_to_be_one_is_searched_all_the_same() -> None:
    assert list(Phrases(["ignore"]).within("x" * 1000 + "ignore" + "x" * 1000)) == ["ignore"]
