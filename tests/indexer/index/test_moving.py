"""An index that is moved or backed up is the same one where it arrives."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.embedding import fill_tokens
from indexer.index import chroma
from indexer.index.folder import IndexFolder
from indexer.index.moving import backup, migrate, remove, restore
from indexer.index.search import HybridIndex
from indexer.types import Change, Chunk, Embedder, IndexerError
from tests.fixtures.index import WordEmbedder

CHUNKS = [Chunk("docs", f"file:///{i}", f"t{i}", f"word{i} common") for i in range(30)]


def opened(folder: Path, url: str = "") -> HybridIndex:
    return HybridIndex.open(folder, embedder_name="words", dimension=64, chroma_url=url)


@pytest.fixture
def folder(tmp_path: Path, stored: Any, word_embedder: Embedder) -> Path:
    """With an index of two sources."""
    other = Chunk("package:p", "file:///p.py", "p.f", "a function", "function", symbol="p.f")
    with HybridIndex.open(
        tmp_path / "index", embedder_name="words", dimension=64, tokens=WordEmbedder.tokens
    ) as index:
        stored(index, word_embedder, *CHUNKS, other)
        names = {"names": {"p": ["f", "g"]}}
        index.apply(Change("package:p", {}, frozenset(), lambda wanted: []), names)
        fill_tokens(word_embedder, index, "docs")
    return tmp_path / "index"


def content(folder: Path, url: str = "") -> Iterator[object]:
    """The content, which a move must not change."""
    with opened(folder, url) as index:
        assert index.check() == []
        yield index.dataset
        yield index.token_form
        for source in index.sources():
            yield source, index.held(source), index.names(source)
            for chunks, vectors in index.export(source):
                tokens = index.tokens(chunk.id for chunk in chunks)
                yield from sorted((each, row.tolist()) for each, row in tokens.items())
                yield from sorted(
                    (chunk.id, chunk.text, vector.round(5).tolist())
                    for chunk, vector in zip(chunks, vectors, strict=True)
                )


def test_vectors_go_to_a_server_and_come_back(folder: Path, chroma_server: str) -> None:
    before = list(content(folder))
    assert migrate(folder, chroma_server, "server") == 31
    assert list(content(folder, chroma_server)) == before
    assert not (folder / "chroma").exists()
    assert migrate(folder, chroma_server, "server") == 0
    assert migrate(folder, chroma_server, "embedded") == 31
    assert list(content(folder)) == before


def test_a_migration_that_failed_can_be_repeated(
    folder: Path, chroma_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index serves from its old place meanwhile."""
    before = list(content(folder))

    def stopped(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(folder, chroma_server, "server", stopped)
    assert list(content(folder)) == before
    migrate(folder, chroma_server, "server")
    assert list(content(folder, chroma_server)) == before


@pytest.mark.parametrize("to", ["embedded", "server"])
def test_a_backup_becomes_an_index_again(
    folder: Path, tmp_path: Path, chroma_server: str, to: str
) -> None:
    """It works embedded and on a server. It knows what each entry held, so the next run reads
    nothing.
    """
    before = list(content(folder))
    manifest = backup(folder, "", tmp_path / "backup")
    assert (manifest["dataset"], manifest["chunks"]) == (before[0], 31)
    url = chroma_server if to == "server" else ""
    restore(tmp_path / "backup", tmp_path / "restored", url)
    assert list(content(tmp_path / "restored", url)) == before
    restore(tmp_path / "backup", tmp_path / "again", "")


def collections(folder: Path) -> int:
    client = chroma.embedded(folder / "chroma")
    try:
        return int(client.count_collections())
    finally:
        client.close()


def test_restoring_decides_anew_which_sources_are_small(
    tmp_path: Path, stored: Any, word_embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sources that were large are small now, so there is one more collection, the shelf."""
    with monkeypatch.context() as patch, opened(tmp_path / "index") as index:
        patch.setattr("indexer.index.store.SMALL", 0)
        stored(index, word_embedder, *CHUNKS, Chunk("package:p", "file:///p.py", "p.f", "words"))
    backup(tmp_path / "index", "", tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored", "")
    assert [collections(tmp_path / name) for name in ("index", "restored")] == [2, 3]
    assert list(content(tmp_path / "restored")) == list(content(tmp_path / "index"))


def test_a_damaged_backup_is_refused(folder: Path, tmp_path: Path) -> None:
    backup(folder, "", tmp_path / "backup")
    journal = max((tmp_path / "backup").glob("*.db"), key=lambda path: path.stat().st_size)
    journal.with_suffix(".ready").unlink()
    with pytest.raises(IndexerError, match="is damaged"):
        restore(tmp_path / "backup", tmp_path / "restored", "")


def test_neither_a_backup_nor_an_index_is_written_over(folder: Path, tmp_path: Path) -> None:
    backup(folder, "", tmp_path / "backup")
    with pytest.raises(IndexerError, match="exists already"):
        backup(folder, "", tmp_path / "backup")
    with pytest.raises(IndexerError, match=r"an index in .* already"):
        restore(tmp_path / "backup", folder, "")
    with pytest.raises(IndexerError, match="no backup in"):
        restore(tmp_path, tmp_path / "elsewhere", "")


def test_a_removed_source_is_gone_with_its_words_vectors_and_names(folder: Path) -> None:
    assert remove(folder, "", "package:p") == 1
    with opened(folder) as index:
        assert index.sources() == ("docs",)
        assert index.check() == []
        assert index.lookup("p.f", 5) == []
        assert index.names("package:p") == {}
    with pytest.raises(IndexerError, match=r"no source 'package:p' in the index; it holds docs"):
        remove(folder, "", "package:p")


def test_an_empty_folder_has_nothing_to_move(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match="no index"):
        migrate(tmp_path, "http://127.0.0.1:1", "server")


def test_check_says_what_is_missing(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    manifest = IndexFolder.describe(folder)
    assert manifest["embedder"] == "words"
    shutil.rmtree(tmp_path / "copy" / "chroma")
    with opened(tmp_path / "copy") as index:
        assert index.check() == [
            "docs lacks the vectors of 30 of 30 chunks",
            "package:p lacks the vectors of 1 of 1 chunks",
        ]
