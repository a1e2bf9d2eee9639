"""An endless answer is noticed soon, and one that repeats a little is left alone."""

import re

import pytest

from backend.answering.written.loops import Loops

PROSE = (
    "To find the roots of a polynomial call numpy.roots with its coefficients, the highest power "
    "first. The result is an array of complex numbers, in no order. "
)
TABLE = "| name | value |\n|---|---|\n" + "| a | 0.0 |\n" * 12


def noticed_after(text: str, size: int) -> int | None:
    """How many characters were written when the loop was noticed."""
    loops = Loops()
    written = 0
    for piece in re.findall(f"(?s).{{1,{size}}}", text):
        written += len(piece)
        if loops.feed(piece):
            return written
    return None


@pytest.mark.parametrize("size", [1, 5, 70])
@pytest.mark.parametrize(
    "unit", ["[1] ", "over and over, ", "The same sentence again. ", PROSE, "x = dot(a, b)\n" * 9]
)
def test_a_loop_is_noticed_within_a_few_rounds(unit: str, size: int) -> None:
    begun = "It begins as an answer does. "
    after = noticed_after(begun + unit * 1000, size)
    assert after is not None
    assert after - len(begun) <= max(3 * len(unit) + 200, 750)


@pytest.mark.parametrize("size", [1, 5, 70])
@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{i}. {PROSE}" for i in range(20)),
        PROSE * 2,
        TABLE,
        "[" + "0.0, " * 80 + "]",
        "".join(f"x{i} = np.roots(p{i})\n" for i in range(300)),
        "-" * 250,
        "",
    ],
)
def test_what_repeats_a_little_or_counts_on_is_no_loop(text: str, size: int) -> None:
    assert noticed_after(text, size) is None
