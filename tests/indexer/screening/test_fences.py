"""Which lines are fenced code: every scanner gives the same answer, for any Markdown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunkers.blocks import blocks
from indexer.chunkers.headings import markdown_sections
from indexer.screening.escaping import Escaping
from indexer.screening.fences import fenced
from indexer.screening.outline import outline
from lsp_server.documents.fences import Fences

LINES = ["", "words", "[a](b)", "# heading", "```", "```py", "````", "~~~", "~~~ py", "~~~ `py`",
         "  ```", "   ~~~", "    ```", "``` ", "```x`y", "= 1", "    words"]  # fmt: skip
IN_CONTAINERS = [*LINES, "- item", "  words", "> quote", "> ```", "- ```", "<pre>", "</pre>"]
plain = st.lists(st.sampled_from(LINES), max_size=12)
any_markdown = st.lists(st.sampled_from(IN_CONTAINERS), max_size=14)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\n```\nx\n```\nb", [(1, 4)]),
        ("```\nnever closed", [(0, 2)]),
        ("- item\n  ```\n  x\n  ```\nb", [(1, 4)]),
        ("<pre>\n```\n</pre>\n\n```\nx\n```", [(4, 7)]),
        ("a\n\n    ```\n    x\n    ```", []),
        ("a\r\n```\r\nx\r\ry\r\n```\r\n", [(1, 4)]),
    ],
    ids=["fence", "open", "in a list", "not in HTML", "indented", "carriage returns"],
)
def test_rows_are_those_of_commonmark(text, rows):
    assert fenced(text) == rows


def test_outside_markdown_a_fence_may_be_indented():
    """The docstring of a method has such fences."""
    assert fenced("a\n\n    ```\n    x\n    ```", markdown=False) == [(2, 5)]


@settings(max_examples=300, deadline=None)
@given(any_markdown)
def test_chunks_keep_every_fenced_block_whole_and_find_no_heading_in_it(lines):
    text = "\n".join(lines)
    whole = {"\n".join(lines[first:after]).rstrip() for first, after in fenced(text)}
    assert whole <= {block.text for block in blocks(text, dict(fenced(text))) if block.code}
    kept = [line for section in markdown_sections(text) for line in section.lines]
    mended = min(outline(text).unclosed, default=len(lines))
    for first, after in fenced(text):
        if first >= mended:  # a fence that nothing closes ends before the page does
            break
        assert "\n".join(lines[first:after]) in "\n".join(kept)


@settings(max_examples=300, deadline=None)
@given(plain, st.integers(1, 9))
def test_an_answer_that_streams_has_the_code_of_its_first_block(lines, size):
    """It does not matter in which pieces the text comes."""
    text = "".join(f"{line}\n" for line in lines)
    scanner = Fences()
    for at in range(0, len(text), size):
        list(scanner.feed(text[at : at + size]))
    list(scanner.end())
    rows = fenced(text)
    inside = lines[rows[0][0] + 1 : rows[0][1]] if rows else []
    if rows and scanner.closed:
        inside.pop()  # the closing fence
    assert [line.strip() for line in scanner.code.splitlines()] == [line.strip() for line in inside]


@settings(max_examples=300, deadline=None)
@given(any_markdown)
def test_what_passes_as_code_on_its_way_to_an_editor_is_code(lines):
    """The scanner that escapes may doubt what is code; it may never take prose for code."""
    text = "\n".join(lines)
    escaping = Escaping()
    shown = escaping.feed(text) + escaping.end()
    # HTML is escaped in what is shown, so a fence may begin behind it.
    code = {row for first, after in fenced(shown) for row in range(first, after)}
    for row, line in enumerate(shown.split("\n")):
        assert row in code or "[a](b)" not in line.replace(r"\[", "")
