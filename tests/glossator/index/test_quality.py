"""What stands out among the chunks of a source, and what the advice is."""

from glossator.index.quality import flaws
from indexer.types import Chunk

TEXT = "Some words about page {} that nobody has written before."


def page(name: str, text: str = "", title: str = "", section: str = "Heading") -> Chunk:
    return Chunk("docs", f"file:///srv/docs/{name}", title or f"Title of {name}",
                 text or TEXT.format(name), section=section)  # fmt: skip


def told(*chunks: Chunk) -> dict[str, tuple[tuple[str, ...], str]]:
    good = [page("index.md"), page("guide/a.md"), page("guide/b.md")]
    return {each.what: (each.examples, each.advice) for each in flaws([*good, *chunks])}


def test_good_pages_give_no_finding() -> None:
    assert told() == {}


def test_empty_chunks_are_found_with_their_folder() -> None:
    found = told(page("stubs/a.md", "TODO"), page("stubs/b.md", "- —"))
    assert found == {
        "chunks with fewer than 3 words: 2 of 5": (
            ("stubs/a.md: 1", "stubs/b.md: 1"), 'exclude = ["stubs/"]')}  # fmt: skip


def test_paragraphs_on_many_pages_are_boilerplate() -> None:
    footer = "Was this page helpful? Tell us in the forum of our community."
    found = told(*(page(f"p{i}.md", f"{TEXT.format(i)}\n\n{footer}") for i in range(6)))
    ((examples, advice),) = found.values()
    assert examples == (f"on 6 of 9 pages: {footer}",)
    assert "theme" in advice


def test_titles_that_repeat_are_found() -> None:
    found = told(*(page(f"v{i}/a.md", title="Overview") for i in range(3)))
    assert list(found) == ["titles that several pages share: 1, on 3 pages"]


def test_pages_without_a_heading_are_called_by_their_file() -> None:
    found = told(
        page("notes/x.md", title="x", section=""), page("notes/y.md", title="y", section="")
    )
    assert found == {
        "pages without a heading, called by their file: 2 of 5": (
            ("notes/x.md", "notes/y.md"), 'exclude = ["notes/"]')}  # fmt: skip


def test_copies_of_pages_are_found() -> None:
    found = told(page("old/a.md", TEXT.format("guide/a.md")))
    assert found == {
        "pages with the same text as another page: 1": (
            ("guide/a.md = old/a.md",), 'exclude = ["old/a.md"]')}  # fmt: skip
