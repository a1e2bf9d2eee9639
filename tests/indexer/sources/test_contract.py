"""The rules that every source keeps, so that a run may read only what changed."""

import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from indexer.sources import Declaration, open_source
from indexer.types import Source, SourceError, StampedSource

Write = Callable[[dict[str, str]], None]
PAGES = {"a.md": "# A\n\nWords.", "docs/b.html": "<body><h1>B</h1><p>Words.</p></body>"}


@dataclass
class Case:
    """``write`` makes the place hold exactly these files; ``open`` makes a source of it anew."""

    write: Write
    open: Callable[[], Source]


def write_files(folder: Path, files: dict[str, str]) -> None:
    for path in [each for each in folder.rglob("*") if each.is_file() and ".git" not in each.parts]:
        path.unlink()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(folder: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x", "--allow-empty"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)


@pytest.fixture(params=["folder", "git", "archive", "web"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    folder = tmp_path / "place"
    folder.mkdir()
    cache = tmp_path / "cache"

    def opener(kind: str, uri: str) -> Callable[[], Source]:
        declared = Declaration(kind, uri, "named", delay_s=0, private_addresses=True)
        return lambda: open_source(declared, cache)

    def git(files: dict[str, str]) -> None:
        write_files(folder, files)
        commit(folder)

    def archive(files: dict[str, str]) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
            for name, text in files.items():
                packed.writestr(name, text)

    def web(files: dict[str, str]) -> None:
        site = request.getfixturevalue("site")
        links = "".join(f"<a href='{name}'>{name}</a>" for name in files)
        site.pages = {f"/{name}": site.reply(text.encode(), type=types[Path(name).suffix])
                      for name, text in files.items()}  # fmt: skip
        site.pages["/"] = f"<meta name='robots' content='noindex'>{links}".encode()

    types = {".md": "text/markdown", ".html": "text/html"}
    match request.param:
        case "folder":
            return Case(lambda files: write_files(folder, files), opener("folder", str(folder)))
        case "git":
            return Case(git, opener("git", str(folder)))
        case "archive":
            return Case(archive, opener("archive", str(tmp_path / "a.zip")))
    return Case(web, opener("web", f"{request.getfixturevalue('site').url}/"))


def stamps(source: Any) -> dict[str, str]:
    return {entry.key: entry.stamp for entry in source.entries()}


def test_documents_are_the_entries_read_in_their_order(case: Case) -> None:
    case.write(PAGES)
    source = case.open()
    assert isinstance(source, StampedSource)
    documents = list(source.documents())
    entries = list(source.entries())
    assert [each for entry in entries for each in source.read(entry)] == documents
    assert sorted(each.title for each in documents) == ["A", "B"]
    assert {each.source for each in documents} == {"named"}
    assert len({entry.key for entry in entries}) == len(entries)


def test_an_entry_can_be_read_by_a_source_that_did_not_list_it(case: Case) -> None:
    """A later run reads what an earlier one listed."""
    case.write(PAGES)
    entries = list(case.open().entries())  # type: ignore[attr-defined]
    again = case.open()
    assert sorted(each.title for entry in entries for each in again.read(entry)) == ["A", "B"]  # type: ignore[attr-defined]


def test_a_stamp_differs_when_the_content_does_and_only_then(case: Case) -> None:
    case.write(PAGES)
    first = stamps(case.open())
    assert stamps(case.open()) == first
    case.write({**PAGES, "a.md": "# A\n\nOther words."})
    second = stamps(case.open())
    changed = {key for key in first if first[key] != second[key]}
    assert {key for key in changed if key.endswith("a.md")} == {
        key for key in first if key.endswith("a.md")
    }


def test_what_is_gone_is_not_listed(case: Case) -> None:
    case.write(PAGES)
    stamps(case.open())
    case.write({"a.md": PAGES["a.md"]})
    assert [key.rpartition("/")[2] for key in stamps(case.open())] == ["a.md"]


def test_a_source_that_holds_nothing_is_an_error(case: Case) -> None:
    case.write({})
    with pytest.raises(SourceError):
        list(case.open().documents())
