"""What kind of question it is: error messages, comparisons, and names in code."""

import pytest

from indexer.ranking.asking import aliases, is_error, sides, without_particulars
from indexer.ranking.words import resolved


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("ValueError: operands could not be broadcast together with shapes (3,) (4,)",
         "operands could not be broadcast together with shapes"),
        ('Traceback (most recent call last):\n  File "/x/y.py", line 3, in f\nKeyError: \'name\'',
         "'name'"),
        ("numpy.linalg.LinAlgError: Singular matrix", "numpy.linalg.LinAlgError: Singular matrix"),
        ("TypeError at 0x7f3a when I sort", "at   when I sort"),
        ("how do I pad an array to (3, 4)", "how do I pad an array to (3, 4)"),
        ("ValueError", "ValueError"),
    ],
)  # fmt: skip
def test_what_differs_each_time_is_left_out_of_an_error_message(question: str, left: str) -> None:
    """A package's own exceptions stay, and so does every question without an exception."""
    assert without_particulars(question) == left


def test_an_error_message_has_an_exception() -> None:
    assert is_error("ValueError: no")
    assert is_error("pkg.errors.ParseError while reading")
    assert not is_error("how do I raise an error?")


def test_names_are_resolved_through_the_imports_of_a_snippet() -> None:
    known = aliases(
        "why is this slow?\nimport numpy.fft as transforms\nimport os\n"
        "from scipy.signal import (butter, lfilter as lf)  # filters\ntransforms.rfft(x)"
    )
    assert resolved("transforms.rfft", known) == "numpy.fft.rfft"
    assert resolved("lf", known) == "scipy.signal.lfilter"
    assert resolved("butter", known) == "scipy.signal.butter"
    assert resolved("np.where", known) == "numpy.where"
    assert resolved("np", known) == "np"
    assert resolved("other.thing", known) == "other.thing"


@pytest.mark.parametrize(
    ("question", "both"),
    [
        ("merge vs rebase", ("merge", "rebase")),
        ("what is the difference between np.stack and np.concatenate?",
         ("np.stack", "np.concatenate")),
        ("tmp_path versus tmpdir", ("tmp_path", "tmpdir")),
        ("should I use argsort or sort?", ("argsort", "sort")),
        ("how do I read or write a file", None),
        ("sort an array", None),
        ("a vs b\nc", None),
        (f"{'x' * 100} vs y", None),
    ],
)  # fmt: skip
def test_sides_of_a_comparison(question: str, both: tuple[str, str] | None) -> None:
    assert sides(question) == both
