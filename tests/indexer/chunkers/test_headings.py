"""Pages become chunks by their headings."""

from indexer.chunkers import HeadingChunker, StructureChunker
from indexer.chunkers.blocks import Characters
from indexer.chunkers.headings import title
from indexer.types import Chunk, Document

MARKDOWN = """


# Guide

Welcome.

## Install

```sh
# not a heading
pip install it
```

### On Linux #

Use the wheel.

Usage
-----

Call it.
"""
REST = """=====
Guide
=====

Welcome.

Install
=======

Run::

    pip install it

On Linux
--------

Use the wheel.

Usage
=====

Call it.
"""


def cut(text: str, suffix: str = ".md", limit: int = 800) -> list[Chunk]:
    page = Document("docs", f"file:///docs/guide{suffix}", "Guide", text,
                    breadcrumb=("docs", "Guide"), line=1,
                    language="markdown" if suffix == ".md" else "rst")  # fmt: skip
    return list(HeadingChunker(Characters(limit)).chunks(page))


def places(chunks: list[Chunk]) -> list[tuple[str, str, int | None]]:
    return [(chunk.breadcrumb, chunk.section, chunk.line) for chunk in chunks]


def test_markdown_sections_know_their_place_and_line() -> None:
    """ATX and setext headings nest; fences hold no headings."""
    assert places(cut(MARKDOWN)) == [
        ("docs › Guide", "", 6),
        ("docs › Guide", "Install", 10),
        ("docs › Guide › Install", "On Linux", 17),
        ("docs › Guide", "Usage", 22),
    ]


def test_restructured_sections_rank_by_first_use_of_their_adornment() -> None:
    """An overlined title is another rank than the same mark used only below."""
    assert places(cut(REST, ".rst")) == [
        ("docs › Guide", "", 5),
        ("docs › Guide", "Install", 10),
        ("docs › Guide › Install", "On Linux", 17),
        ("docs › Guide", "Usage", 22),
    ]


def test_lines_point_at_the_text_itself() -> None:
    for text, suffix in ((MARKDOWN, ".md"), (REST, ".rst")):
        lines = text.split("\n")
        for chunk in cut(text, suffix):
            assert chunk.line is not None
            assert lines[chunk.line - 1] == chunk.text.split("\n")[0]


def test_code_in_a_page_is_its_example_and_never_cut() -> None:
    chunks = cut(MARKDOWN, limit=20)
    assert "```sh\n# not a heading\npip install it\n```" in [chunk.text for chunk in chunks]
    assert {chunk.example for chunk in chunks} == {"# not a heading\npip install it"}
    assert {chunk.summary for chunk in chunks} == {"Welcome."}


def test_a_table_is_not_a_heading() -> None:
    """A reStructuredText table has adornments too, with spaces between its columns."""
    table = "Guide\n=====\n\n=====  =====\nname   value\n=====  =====\na      1\n=====  =====\n"
    assert [chunk.section for chunk in cut(table, ".rst")] == [""]


def test_title_is_the_first_heading() -> None:
    assert title(MARKDOWN, "markdown") == "Guide"
    assert title(REST, "rst") == "Guide"
    assert title("just words", "rst") == ""


def test_the_kind_of_a_document_decides_how_it_is_cut() -> None:
    """The same text: two sections of a page, one description of a module."""
    text = "Adds.\n\nNotes\n-----\nWords.\n"
    page = Document("s", "file:///a.rst", "a", text, line=1)
    module = Document("s", "file:///a.py", "a", text, kind="module")
    cut_page, cut_module = (list(StructureChunker().chunks(each)) for each in (page, module))
    assert cut_page[1].line == 5
    assert cut_module[1].line is None


def test_anchors_and_lines_of_headings_are_where_a_citation_opens() -> None:
    """They are no part of the heading; text before the first one opens the page."""
    text = "Before.\n\n## Install {#install}\n\nRun it.\n\n## Cell {line=12}\n\nWords."
    page = Document("s", "https://example.com/a", "A", text, language="markdown")
    chunks = list(HeadingChunker().chunks(page))
    assert [(each.uri.partition("/a")[2], each.section, each.line) for each in chunks] == [
        ("", "", None),
        ("#install", "Install", None),
        ("", "Cell", 12),
    ]


def test_marks_that_close_a_heading_are_no_part_of_it() -> None:
    page = "# Guide\n\n## In C# ##\n\nA.\n\n## In C#\n\nB.\n\n## #\n\nC."
    assert [chunk.section for chunk in cut(page)] == ["In C#", "In C#", ""]


def test_a_page_cited_by_its_lines_has_no_anchors() -> None:
    (chunk,) = cut("# Guide {#guide}\n\nWords.\n")
    assert (chunk.uri, chunk.line, chunk.section) == ("file:///docs/guide.md", 3, "")
