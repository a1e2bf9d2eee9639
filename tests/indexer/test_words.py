"""Words of prose and identifiers."""

import pytest

from indexer.words import overlap, words


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


def test_rare_words_weigh_more() -> None:
    """A word that every text has tells nothing."""
    scores = overlap("the fft data", ["the data", "the data fft", "the data", "the"])
    assert scores[1] > scores[0] > scores[3] == 0


def test_nothing_shared_is_nothing() -> None:
    assert overlap("fft", ["sort", ""]) == [0, 0]
    assert overlap("fft", []) == []
