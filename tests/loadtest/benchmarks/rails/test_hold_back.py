"""The measurement of the streaming guard counts what waits, and reads real documentation."""

import pytest

from backend.rails.formats.secrets import SECRETS
from loadtest.benchmarks.rails.hold_back import main, pieces, streamed

TOKEN = "ghp_" + "a1B2" * 9


def test_pieces_are_the_text_and_as_large_as_asked() -> None:
    text = "Compute the one-dimensional FFT.\n\n>>> np.fft.fft(x)"
    assert "".join(pieces(text, 1)) == "".join(pieces(text, 3)) == text
    assert len(pieces(text, 3)) == -(-len(pieces(text, 1)) // 3)


def test_what_waits_is_counted() -> None:
    """A token waits until it is whole, and the second answer's first piece for nothing."""
    figures = streamed("secrets", SECRETS, [["gh", "p_", TOKEN[4:], " is"], ["To", " run"]])
    assert (figures.answers, figures.pieces) == (2, 6)
    assert (figures.waited, figures.first_waited) == (3, 1)
    assert figures.held == 2 + 4 + len(TOKEN)


def test_it_prints_a_row_for_each_table_of_patterns(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--source", "package:anyio", "--tokens", "4"])
    rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| secrets", "| secrets, pii"]
