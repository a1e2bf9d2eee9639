"""`glossator index explain` and `check` show what a run does with a file, and what stands out."""

from pathlib import Path

import pytest

from backend.deploy import build
from backend.errors import StartupFailed
from glossator.index import explaining
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import FolderSource
from indexer.types import Embedder


@pytest.fixture(autouse=True)
def embedder(monkeypatch: pytest.MonkeyPatch, word_embedder: Embedder) -> Embedder:
    monkeypatch.setattr(build, "embedder", lambda retrieval: word_embedder)
    return word_embedder


def test_a_file_is_shown_as_it_is_read_and_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.md"
    file.write_bytes("# Größe\n\nWords.\n\n## Install\n\nRun it.\n".encode("latin-1"))
    assert explaining.explain(file, None, True, None) == 0
    place = tmp_path.name
    assert capsys.readouterr().out.splitlines() == [
        "a.md: Markdown, 1 document",
        "  read as cp1252, which is a guess",
        "  “Größe”, page, markdown: 2 chunks",
        f"    1. {place} › Größe: {len(place) + 15} tokens, 6 characters, line 3",
        "       │ Words.",
        f"    2. {place} › Größe › Install: {len(place) + 26} tokens, 7 characters, line 7",
        "       │ Run it.",
    ]


def test_a_file_that_a_run_leaves_out_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.md\n")
    (tmp_path / "a.md").write_text("# A\n\nWords.")
    (tmp_path / "b.txt").write_bytes(b"a\0b")
    explaining.explain(tmp_path / "a.md", None, False, None)
    assert "A run leaves it out: ignored by .gitignore." in capsys.readouterr().out
    assert explaining.explain(tmp_path / "b.txt", None, False, None) == 1
    assert "binary" in capsys.readouterr().out


def test_a_file_outside_the_folder_of_its_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "a.md").write_text("# A\n")
    with pytest.raises(StartupFailed, match="is not below"):
        explaining.explain(tmp_path / "a.md", tmp_path / "docs", False, None)


def test_an_indexed_source_is_checked(
    tmp_path: Path, embedder: Embedder, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs" / "stubs").mkdir(parents=True)
    (tmp_path / "docs" / "a.md").write_text("# All\n\nWords that say something.")
    for name in ("b", "c"):
        (tmp_path / "docs" / "stubs" / f"{name}.md").write_text(f"# Page {name}\n\nTODO {name}")
    data = tmp_path / "data"
    with HybridIndex.open(build.index_folder(data), embedder_name=embedder.name,
                          dimension=embedder.dimension) as store:  # fmt: skip
        index(FolderSource(tmp_path / "docs", name="docs"), embedder, store)
    assert explaining.check("docs", None, data) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs: 3 chunks of 3 pages",
        "  chunks with fewer than 3 words: 2 of 3",
        "    stubs/b.md: 1",
        "    stubs/c.md: 1",
        '    → exclude = ["stubs/"]',
    ]
    with pytest.raises(StartupFailed, match="No source other is indexed"):
        explaining.check("other", None, data)
