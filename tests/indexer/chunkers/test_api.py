"""API entries become chunks by the sections of their docstring."""

from indexer.chunkers import ApiChunker
from indexer.chunkers.blocks import Characters
from indexer.types import Chunk, Document

NUMPYDOC = """Computes the inverse of `rfft`.

This function computes the inverse.

Parameters
----------
a : array_like
    The input array.
n : int, optional
    Length of the output.

Returns
-------
out : ndarray
    The result.

See Also
--------
numpy.fft : For definition of the DFT.

Notes
-----
Returns the real valued transform.

Examples
--------
>>> import numpy as np
>>> np.fft.irfft([1, -1j, -1])
array([0.,  1.,  0.,  0.])

Notice the result.
"""
GOOGLE = """Fetch rows.

Longer words.

Args:
    table: An open table.
    keys: What to fetch.

Returns:
    A dict of rows.

Example:
    >>> fetch(t, ["a"])
    {"a": 1}
"""


def entry(text: str, signature: str = "pkg.f(a)") -> Document:
    return Document(
        source="package:pkg",
        uri="file:///pkg/f.py",
        title="pkg.f",
        text=text,
        kind="function",
        breadcrumb=("pkg", "f"),
        version="1.0",
        symbol="pkg.f",
        signature=signature,
        line=7,
    )


def cut(text: str, limit: int = 800) -> list[Chunk]:
    return list(ApiChunker(Characters(limit)).chunks(entry(text)))


def test_first_chunk_is_signature_summary_and_description() -> None:
    first = cut(NUMPYDOC)[0]
    assert first.text == (
        "pkg.f(a)\n\nComputes the inverse of `rfft`.\n\nThis function computes the inverse."
    )
    assert first.section == ""


def test_short_sections_share_a_chunk_and_name_it() -> None:
    """Each chunk costs an embedding; the later sections keep their titles in the text."""
    _, second = cut(NUMPYDOC)
    assert second.section == "Parameters, Returns, Notes, Examples"
    assert second.text.startswith("a : array_like\n    The input array.")
    assert "Returns:\nout : ndarray" in second.text


def test_sections_that_do_not_fit_get_their_own_chunks() -> None:
    assert [chunk.section for chunk in cut(NUMPYDOC, 100)] == [
        "",
        "Parameters",
        "Returns, Notes",
        "Examples",
    ]


def test_lists_of_other_entries_are_left_out() -> None:
    assert not any("definition of the DFT" in chunk.text for chunk in cut(NUMPYDOC))


def test_every_chunk_carries_what_an_answer_shows() -> None:
    """Summary, example, signature and place come with every chunk."""
    for chunk in cut(NUMPYDOC, 100):
        assert chunk.summary == "Computes the inverse of `rfft`."
        assert chunk.example == (
            ">>> import numpy as np\n>>> np.fft.irfft([1, -1j, -1])\narray([0.,  1.,  0.,  0.])"
        )
        assert (chunk.title, chunk.signature, chunk.line) == ("pkg.f", "pkg.f(a)", 7)
        assert (chunk.symbol, chunk.version, chunk.breadcrumb) == ("pkg.f", "1.0", "pkg › f")


def test_google_sections_are_sections() -> None:
    first, second = cut(GOOGLE)
    assert first.text == "pkg.f(a)\n\nFetch rows.\n\nLonger words."
    assert second.section == "Args, Returns, Example"
    assert second.example == '    >>> fetch(t, ["a"])\n    {"a": 1}'


def test_example_outside_any_section_is_found() -> None:
    assert cut("Adds.\n\n>>> add(1, 2)\n3")[0].example == ">>> add(1, 2)\n3"


def test_chunks_stay_within_what_the_embedder_sees() -> None:
    text = "Summary.\n\nParameters\n----------\n" + "\n".join(
        f"p{i} : int\n    Some words about the parameter number {i}." for i in range(200)
    )
    chunks = cut(text)
    assert len(chunks) > 5
    assert all(len(chunk.text) <= 800 for chunk in chunks)


def test_cutting_twice_gives_the_same_ids() -> None:
    assert [chunk.id for chunk in cut(NUMPYDOC)] == [chunk.id for chunk in cut(NUMPYDOC)]
