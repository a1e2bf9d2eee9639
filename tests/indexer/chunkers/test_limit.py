"""The hard limit of chunks: nothing is lost, code is cut where it reads well, fences stay."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunkers import StructureChunker
from indexer.chunkers.blocks import blocks
from indexer.chunkers.limit import LONGEST, limited, pieces
from indexer.types import Chunk, Document

LINES = st.lists(
    st.sampled_from(["```", "```json", "~~~", "    x = 1", "def f():", "", "}", "word " * 30]),
    max_size=60,
)


def page(text: str) -> Document:
    return Document(
        source="docs", uri="file:///page.md", title="Page", text=text, language="markdown"
    )


@pytest.mark.parametrize(
    "code",
    [
        json.dumps([{"name": n, "value": "x" * 50} for n in range(5_000)], indent=2),
        json.dumps([{"name": n, "value": "x" * 50} for n in range(5_000)]),
        "[a](http://x" * 6_000,
        "x" * 100_000,
    ],
    ids=["lines", "one line", "half-made links", "one word"],
)
@pytest.mark.parametrize(
    "fence", ["```json\n{}\n```", "Example::\n\n    {}\n"], ids=["fence", "rst"]
)
def test_chunks_of_a_page_keep_the_limit(code: str, fence: str) -> None:
    """A fence of 300 kB was one chunk, and no prompt had room for it."""
    text = "# Page\n\n" + fence.replace("{}", code)
    chunks = [piece for chunk in StructureChunker().chunks(page(text)) for piece in limited(chunk)]
    assert len(chunks) > 10
    assert max(len(chunk.text) for chunk in chunks) <= LONGEST
    if fence.startswith("```"):
        whole = "".join(chunk.text for chunk in chunks)
        kept = whole.replace("```json", "").replace("```", "").split()
        assert "".join(kept) == "".join(code.split())
        assert all(chunk.text.count("```") == 2 for chunk in chunks)


@settings(max_examples=60, deadline=None)
@given(lines=LINES, most=st.integers(200, 400))
def test_no_line_is_lost_and_each_piece_fits(lines: list[str], most: int) -> None:
    text = "\n".join(lines)
    found = list(pieces(text, most))
    assert all(len(piece) <= most for piece in found)
    words = "".join(found).replace("```json", "").replace("```", "").replace("~~~", "").split()
    expected = text.replace("```json", "").replace("```", "").replace("~~~", "").split()
    assert "".join(words) == "".join(expected)


def test_code_is_cut_before_a_line_that_stands_out() -> None:
    function = "def f():\n" + "    x = 1\n" * 20
    found = list(pieces(function * 5, 600))
    assert len(found) > 1
    assert all(piece.startswith("def f():") for piece in found)


def test_what_every_chunk_repeats_is_short() -> None:
    """A heading of 100 kB would be in every chunk of its page."""
    chunk = Chunk("docs", "file:///a#" + "x" * 10_000, "t" * 10_000, "text", symbol="a." * 9_000)
    (short,) = limited(chunk)
    assert (len(short.title), short.uri, short.symbol) == (300, "file:///a", "")
    ordinary = Chunk("docs", "file:///a", "title", "text")
    assert list(limited(ordinary)) == [ordinary]


def test_paragraphs_of_a_list_item_are_joined_in_linear_time() -> None:
    text = "- item\n\n" + "  paragraph\n\n" * 100_000
    started = time.process_time()
    (block,) = blocks(text)
    assert time.process_time() - started < 3
    assert block.text.count("paragraph") == 100_000
