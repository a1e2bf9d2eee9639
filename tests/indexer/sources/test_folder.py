"""Folders of documentation, and what may lie around in them."""

import os
from pathlib import Path

import pytest

from indexer.sources import FolderSource, PackageSource, open_source
from indexer.sources.limits import Limits
from indexer.types import SourceError


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_pages_of_three_kinds_are_documents(tmp_path: Path) -> None:
    """Markdown, reStructuredText and text, with title, place and a uri that opens them."""
    page = write(tmp_path / "guide" / "start.md", "# Getting started\n\nHello.")
    write(tmp_path / "api.rst", "API\n===\n\nWords.")
    write(tmp_path / "notes.txt", "plain words")
    write(tmp_path / "code.py", "x = 1")
    source = FolderSource(tmp_path)
    documents = {document.title: document for document in source.documents()}
    assert set(documents) == {"Getting started", "API", "notes"}
    start = documents["Getting started"]
    assert start.uri == page.resolve().as_uri()
    assert start.breadcrumb == (tmp_path.name, "guide", "Getting started")
    assert source.skipped == [
        ("1 file *.py (code.py)", "not of this kind of source: kind = 'code' reads it")
    ]


def test_what_cannot_be_read_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """Large, binary, not a file: each is skipped with its reason."""
    write(tmp_path / "good.md", "# Good\n\nWords.")
    write(tmp_path / "large.md", "x" * 101)
    write(tmp_path / "binary.txt", b"a\0b")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "broken.md").symlink_to(tmp_path / "nowhere.md")
    source = FolderSource(tmp_path, limits=Limits(file_bytes=100))
    assert [document.title for document in source.documents()] == ["Good"]
    assert {Path(what).name: why for what, why in source.skipped} == {
        "large.md": "larger than 100 bytes",
        "binary.txt": "binary",
        "pipe.txt": "not a file",
        "broken.md": "a link that leads nowhere",
    }


def test_loops_of_links_end(tmp_path: Path) -> None:
    write(tmp_path / "a" / "page.md", "# A")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert [document.title for document in FolderSource(tmp_path).documents()] == ["A"]


def test_hidden_folders_and_dependencies_are_not_documentation(tmp_path: Path) -> None:
    for folder in (".git", ".venv", "node_modules/x", "venv/lib"):
        write(tmp_path / folder / "README.md", "# No")
    write(tmp_path / "README.md", "# Yes")
    assert [document.title for document in FolderSource(tmp_path).documents()] == ["Yes"]


def test_windows_line_ends_and_byte_order_marks_are_no_text(tmp_path: Path) -> None:
    write(tmp_path / "a.md", b"\xef\xbb\xbf# Title\r\n\r\nWords.\r\n")
    (document,) = FolderSource(tmp_path).documents()
    assert (document.title, document.text) == ("Title", "# Title\n\nWords.\n")


def test_spec_decides_the_source(tmp_path: Path) -> None:
    assert isinstance(open_source("package:numpy"), PackageSource)
    assert isinstance(open_source(str(tmp_path)), FolderSource)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("no/such/folder", "no folder no/such/folder"),
        ("gopher:thing", "no kind of source called 'gopher'"),
        ("package:", "does not name a package"),
        ("package:../x", "does not name a package"),
        (__file__, "is a file"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(spec: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        open_source(spec)


def test_files_whose_names_tell_of_secrets_are_not_read(tmp_path: Path) -> None:
    """Whatever is included; the report says so."""
    (tmp_path / "guide.md").write_text("# Guide\n\nWords.")
    (tmp_path / "Secrets.YML").write_text("a: b")
    (tmp_path / "id_rsa.md").write_text("key")
    source = FolderSource(tmp_path, takes=lambda name: True)
    assert [each.title for each in source.documents()] == ["Guide"]
    assert {why for _, why in source.skipped} == {"its name tells of a secret"}
