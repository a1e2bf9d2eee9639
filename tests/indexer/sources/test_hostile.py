"""Hostile things in a folder: each one is bounded and reported, and the rest is read."""

import gzip
import os
import zlib
from pathlib import Path

import pytest

from indexer.chunkers import StructureChunker
from indexer.sources import FolderSource, Limits
from indexer.types import Chunk, SourceError

INVENTORY = b"# Sphinx inventory version 2\n# Project: P\n# Version: 1\n# zlib\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one honest page."""
    (tmp_path / "good.md").write_text("# Good\n\nWords.")
    return tmp_path


def read(folder: Path) -> tuple[list[Chunk], dict[str, str]]:
    """The chunks, and why files were skipped, by name."""
    source = FolderSource(folder)
    chunks = [
        chunk for document in source.documents() for chunk in StructureChunker().chunks(document)
    ]
    return chunks, {Path(what).name: why for what, why in source.skipped}


def titles(chunks: list[Chunk]) -> set[str]:
    return {chunk.title for chunk in chunks}


def test_a_file_of_a_gigabyte_is_not_opened(folder: Path) -> None:
    with (folder / "huge.md").open("wb") as file:
        file.truncate(2**30)
    chunks, skipped = read(folder)
    assert titles(chunks) == {"Good"}
    assert skipped == {"huge.md": "larger than 32,000,000 bytes"}


def test_a_page_of_ten_million_characters_is_left_out(folder: Path) -> None:
    """One line of them, and many; as Markdown and as HTML."""
    (folder / "line.md").write_text("x" * 10_000_000)
    (folder / "lines.md").write_text("word " * 9 + "word\n" * 1_990_000)
    (folder / "page.html").write_text(f"<body><p>{'word ' * 2_000_000}</p></body>")
    chunks, skipped = read(folder)
    assert titles(chunks) == {"Good"}
    assert set(skipped.values()) == {"longer than 2,000,000 characters"}
    assert len(skipped) == 3


def test_a_page_just_below_the_limit_is_cut_in_time(folder: Path) -> None:
    """A line without a blank, and nothing but headings: no cut costs more than its text."""
    (folder / "line.md").write_text("x" * 1_900_000)
    (folder / "headings.md").write_text("# a\n\nb\n\n" * 10_000)
    (folder / "quotes.rst").write_text("> " * 500_000)
    chunks, skipped = read(folder)
    assert skipped == {}
    assert sum(len(chunk.text) for chunk in chunks if chunk.title == "line") == 1_900_000


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.ipynb", "a.pdf", "a.py", "a.rst"])
def test_a_binary_of_any_name_is_left_out(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x7fELF\0\0\0\xff\xfe" + os.urandom(10_000))
    source = FolderSource(folder, include=["*"])
    assert "Good" in [document.title for document in source.documents()]
    left_out = [Path(what).name for what, _ in source.skipped]
    assert left_out == [name] or name == "a.html"  # whose words a browser would show, too


def test_loops_of_links_end_and_links_out_are_not_followed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.md"
    outside.write_text("# Secret")
    (folder / "loop").symlink_to(folder)
    (folder / "self.md").symlink_to(folder / "self.md")
    (folder / "out.md").symlink_to(outside)
    (folder / "in.md").symlink_to(folder / "good.md")
    chunks, skipped = read(folder)
    assert titles(chunks) == {"Good"}
    assert skipped == {
        "self.md": "a link that leads nowhere",
        "out.md": "a link that leads out of the folder",
    }


def test_bombs_are_left_out(folder: Path) -> None:
    """A manual and an inventory that are small until they are decompressed."""
    (folder / "bomb.1.gz").write_bytes(gzip.compress(b"0" * 100_000_000))
    (folder / "objects.inv").write_bytes(INVENTORY + zlib.compress(b"0" * 100_000_000))
    (folder / "page.html").write_text("<body><h1>Page</h1><p>Words.</p></body>")
    chunks, skipped = read(folder)
    assert titles(chunks) == {"Good", "Page"}
    assert skipped == {
        "bomb.1.gz": "larger than 16,000,000 bytes when decompressed",
        "objects.inv": "larger than 64,000,000 bytes when decompressed",
    }


def test_html_nested_without_an_end_is_left_out(folder: Path) -> None:
    (folder / "deep.html").write_text(f"<body><p>Words.</p>{'<div><ul><li>' * 500_000}x</body>")
    chunks, skipped = read(folder)
    assert titles(chunks) == {"Good"}
    assert skipped["deep.html"].startswith("too much for a parser")


def test_a_file_that_vanishes_is_reported(folder: Path) -> None:
    """It vanishes between listing and reading, as when an editor saves."""
    for name in ("a.md", "z.md"):
        (folder / name).write_text(f"# {name}")
    source = FolderSource(folder)
    documents = source.documents()
    first = next(documents)
    (folder / "z.md").unlink()
    assert [first.title, *(each.title for each in documents)] == ["a.md", "Good"]
    assert [why for _, why in source.skipped] == ["unreadable: No such file or directory"]
    listed = list(source.entries())
    (folder / "a.md").unlink()
    assert list(source.read(listed[0])) == []
    assert [why for _, why in source.skipped] == ["gone since it was listed"]


def test_too_many_files_and_too_many_bytes_are_cut_off(folder: Path) -> None:
    for number in range(50):
        (folder / f"p{number:02}.md").write_text(f"# Page {number}")
    for limits in (Limits(documents=10), Limits(total_bytes=60)):
        source = FolderSource(folder, limits=limits)
        assert 0 < len(list(source.documents())) <= 10
        assert "this and all after it" in source.skipped[-1][1]


def test_nothing_that_can_be_read_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\0\xff")
    with pytest.raises(SourceError, match=r"holds nothing to index.*binary"):
        list(FolderSource(tmp_path).documents())
    (tmp_path / "a.md").unlink()
    with pytest.raises(SourceError, match="holds nothing to index"):
        list(FolderSource(tmp_path).documents())


@pytest.mark.parametrize(
    "text",
    ["# a" + " " * 500_000 + "b", "# " + "#" * 500_000 + "x", "# {" * 200_000, "[" * 500_000,
     "```\n" * 30_000, "".join(f"{'`' * n}\n\n" for n in range(3, 900)), "::\n\n" * 20_000,
     ("=" * 500 + "\n") * 1_000, "\t" * 500_000 + "x", "a\n" * 50_000, "- " * 300_000,
     ".. " * 200_000, ">>> \n" * 30_000, "| " * 300_000],
    ids=range(14),
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".md", ".rst", ".html", ".1"])
def test_text_made_to_be_slow_is_read_in_linear_time(folder: Path, text: str, suffix: str) -> None:
    """An expression that needs squared or cubed time would never end here."""
    (folder / f"slow{suffix}").write_text(f"<p>{text}</p>" if suffix == ".html" else text)
    chunks, _ = read(folder)
    assert "Good" in titles(chunks)


def test_an_inventory_made_to_be_slow_is_read(folder: Path) -> None:
    lines = b"a " * 2_000_000 + b"\n" + b"a:b " * 1_000_000 + b"\n"
    (folder / "objects.inv").write_bytes(INVENTORY + zlib.compress(lines))
    (folder / "page.html").write_text("<p>Words.</p>")
    chunks, skipped = read(folder)
    assert "page" in titles(chunks)
    assert skipped == {}


def test_notebooks_nested_without_end_are_left_out(folder: Path) -> None:
    (folder / "deep.ipynb").write_text('{"cells":' * 200_000)
    (folder / "list.ipynb").write_text("[" * 1_000_000)
    chunks, skipped = read(folder)
    assert titles(chunks) == {"Good"}
    assert {why.split(":")[0] for why in skipped.values()} == {"not a notebook"}


def test_code_without_an_end_is_read(folder: Path) -> None:
    """A megabyte of brackets, of one expression, of a string that never closes."""
    (folder / "a.py").write_text("(" * 200_000)
    (folder / "b.py").write_text("x = 1" + " +\\\n 1" * 20_000)
    (folder / "c.ts").write_text("const a = `" + "text\n" * 50_000)
    (folder / "d.cpp").write_text("a<b<\n" * 10_000)
    (folder / "e.c").write_text("x\n" * 500_000)
    source = FolderSource(folder, include=["*.py", "*.ts", "*.cpp", "*.c"])
    chunks = [
        chunk for document in source.documents() for chunk in StructureChunker().chunks(document)
    ]
    assert titles(chunks) == {"b.py", "c.ts", "d.cpp"}
    assert {Path(what).name: why.split(":")[0] for what, why in source.skipped} == {
        "a.py": "minified or generated",
        "e.c": "generated",
    }
