"""A foreign repository is indexed without running anything that it names."""

from typing import Any

from indexer.sources import open_source


def test_indexing_a_repository_runs_none_of_its_programs(planted: Any, tmp_path: Any) -> None:
    """Hooks, filters, monitors, drivers, helpers: of the repository, and named in its files."""
    folder = planted.repository(tmp_path / "work", "guide.md")
    (folder / ".gitattributes").write_text("* filter=mine diff=mine\n")
    planted.git(folder, "add", "-A")
    planted.git(folder, "commit", "-q", "-m", "second")
    planted.everything(folder)
    for _ in range(2):  # fetched, and then found to be up to date
        source = open_source(f"git:{folder}", tmp_path / "cache")
        assert [each.text.strip() for each in source.documents()] == ["new"]
    assert planted.ran == []
