"""Archives: what can be read comes out below one folder, within bounds, and nothing else does."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from indexer.sources import Declaration, Limits, open_source
from indexer.sources.archive import unpack
from indexer.types import Document, Skipped, SourceError

FILES = {"docs/guide.md": b"# Guide\n\nWords.", "docs/logo.png": b"\x89PNG", "a.py": b"x = 1\n"}


def zipped(path: Path, files: Mapping[str, bytes] = FILES) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def tarred(path: Path, files: Mapping[str, bytes] = FILES, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as packed:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return path


def read(path: Path, **limits: int) -> tuple[list[Document], list[Skipped]]:
    declared = Declaration("archive", str(path), "docs", limits=Limits(**limits))
    source = open_source(declared, path.parent / "cache")
    documents = list(source.documents())
    return documents, source.skipped  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_documentation_and_code_come_out(tmp_path: Path, mode: str) -> None:
    """Citations open the unpacked file; what no reader knows is not even written."""
    path = tmp_path / "waves.pack"
    zipped(path) if mode == "zip" else tarred(path, mode=mode)
    documents, skipped = read(path)
    assert [(each.title, each.breadcrumb) for each in documents] == [
        ("a.py", ("waves", "a.py")),
        ("Guide", ("waves", "Guide")),
    ]
    assert skipped == []
    assert not list(tmp_path.rglob("*.png"))
    assert Path(documents[1].uri.removeprefix("file://")).read_bytes() == FILES["docs/guide.md"]


@pytest.mark.parametrize("name", ["../out.md", "/etc/out.md", "a/../../out.md", "a\\..\\out.md"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str, pack: object) -> None:
    path = pack(tmp_path / "evil.pack", {name: b"# Out", "in.md": b"# In"})  # type: ignore[operator]
    skipped: list[Skipped] = []
    unpack(path, tmp_path / "into" / "here", Limits(), skipped)
    assert skipped == [(name, "its name leads out of the archive")]
    assert [file.name for file in tmp_path.rglob("*.md")] == ["in.md"]


def test_links_are_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as packed:
        link = tarfile.TarInfo("passwords.md")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    skipped: list[Skipped] = []
    unpack(tmp_path / "a.tar", tmp_path / "into", Limits(), skipped)
    assert skipped == [("passwords.md", "a link")]
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_cut_off_and_the_rest_is_read(tmp_path: Path, pack: object) -> None:
    """One file of 50 MB packed into a few kilobytes, between two honest ones."""
    files = {"a.md": b"# A", "bomb.md": b"0" * 50_000_000, "c.md": b"# C"}
    path = pack(tmp_path / "bomb.pack", files)  # type: ignore[operator]
    documents, skipped = read(path, file_bytes=1_000_000, total_bytes=60_000_000)
    assert [each.title for each in documents] == ["A", "C"]
    assert skipped == [("bomb.md", "larger than 1,000,000 bytes when decompressed")]
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.md")) < 100


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_many_files_and_many_bytes_are_cut_off(tmp_path: Path, pack: object) -> None:
    files = {f"{i:03}.md": b"# Page\n\n" + b"x" * 1000 for i in range(100)}
    path = pack(tmp_path / "many.pack", files)  # type: ignore[operator]
    documents, skipped = read(path, documents=10)
    assert len(documents) == 10
    assert skipped == [("010.md", "this and all after it: more than 10 files")]
    _, skipped = read(path, total_bytes=20_000)
    assert "more than 20,000 bytes in all" in skipped[0][1]


def test_a_name_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    """tarfile would read it into memory whole: gzip makes a gigabyte of it cost nothing."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 200_000_000
    path = tmp_path / "name.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(b"x" * 2_000_000)
    with pytest.raises(SourceError, match="holds nothing to index"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"words", gzip.compress(b"words"), b"PK\x03\x04broken"])
def test_what_is_no_archive_is_an_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(SourceError):
        read(tmp_path / "a.zip")


def test_a_broken_archive_gives_what_comes_before_the_damage(tmp_path: Path) -> None:
    whole = tarred(tmp_path / "a.tar", {"a.md": b"# A", "b.md": b"# B" * 1000}, "w").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:1700])
    documents, skipped = read(tmp_path / "a.tar")
    assert documents[0].title == "A"
    assert "broken" in skipped[0][1]


def test_it_is_unpacked_again_only_when_it_changed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.md": b"# A"})
    folder = tmp_path / "into"
    unpack(path, folder, Limits(), [])
    (folder / "mark").touch()
    unpack(path, folder, Limits(), [])
    assert (folder / "mark").exists()
    zipped(path, {"b.md": b"# B, longer"})
    unpack(path, folder, Limits(), [])
    assert [each.name for each in folder.iterdir()] == ["b.md"]
