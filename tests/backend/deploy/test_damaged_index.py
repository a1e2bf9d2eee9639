"""Files of an index that are emptied, cut short or overwritten: told apart, and never the end."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.deploy import build
from backend.settings import Retrieval
from indexer.index.journal import Journal
from indexer.index.search import HybridIndex
from indexer.pipeline import index, stage
from indexer.types import Document, Embedder, IndexDamaged, IndexerError

QUESTION = "page 7"


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(path.stat().st_size))


WAYS = (emptied, cut, overwritten)


class Pages:
    """A ``Source`` of forty short pages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def documents(self) -> Iterator[Document]:
        for i in range(40):
            yield Document(self.name, f"file:///{i}.md", f"page {i}", f"Words of page {i}.")


@pytest.fixture
def whole(tmp_path: Path, word_embedder: Embedder) -> Path:
    """A data folder with an index of one source, and a complete journal of another."""
    data = tmp_path / "whole"
    with HybridIndex.open(build.index_folder(data), embedder_name="words", dimension=64) as store:
        index(Pages("pages"), word_embedder, store)
        journal = Journal.open(store.staging, "later", "words")
        stage(Pages("later"), word_embedder, {}, journal)
        journal.close()
    return data


def files(data: Path) -> list[Path]:
    return sorted(p.relative_to(data) for p in data.rglob("*") if p.is_file() and p.stat().st_size)


@pytest.mark.parametrize("damage", WAYS)
def test_whatever_file_is_damaged_an_index_serves(
    whole: Path, tmp_path: Path, damage: Callable[[Path], None], word_embedder: Embedder
) -> None:
    """It is the old one, mended, or an empty one beside the old: then sources can be indexed."""
    looked_at = files(whole)
    assert {"catalog.db", "chroma.sqlite3", "index.json", "meta.json"} <= {
        p.name for p in looked_at
    }
    for number, name in enumerate(looked_at):
        data = tmp_path / f"{number}"
        shutil.copytree(whole, data)
        damage(data / name)
        store, lost = build.store_or_anew(data, word_embedder, Retrieval())
        try:
            vector = word_embedder.embed([QUESTION])
            try:
                found = store.search(QUESTION, vector, 5)
                store.take_in()
            except IndexerError:
                continue  # said, and answered without; nothing else may come out
            assert found or lost, name
            if lost:
                assert "indexed again" in lost
                assert list(data.glob("index.damaged-*")), name
                index(Pages("pages"), word_embedder, store)
                assert store.search(QUESTION, vector, 5), name
        finally:
            store.close()


def test_an_emptied_catalog_is_no_empty_index(whole: Path) -> None:
    """An empty file is a valid database: it must not pass for an index that nobody filled."""
    emptied(build.index_folder(whole) / "catalog.db")
    with pytest.raises(IndexDamaged, match="lists nothing"):
        HybridIndex.open(build.index_folder(whole), embedder_name="words", dimension=64)


@pytest.mark.parametrize("damage", WAYS)
def test_a_damaged_journal_is_set_aside_and_the_others_are_taken_in(
    whole: Path, damage: Callable[[Path], None], word_embedder: Embedder
) -> None:
    with HybridIndex.open(build.index_folder(whole), embedder_name="words", dimension=64) as store:
        journal = Journal.open(store.staging, "other", "words")
        stage(Pages("other"), word_embedder, {}, journal)
        mark = journal.mark
        journal.close()
        damage(mark.with_suffix(".db"))
        store.take_in()
        store.take_in()
        assert "later" in store.sources()
        assert "other" not in store.sources()
        assert not mark.exists()
        # And the source can be run again.
        journal = Journal.open(store.staging, "other", "words")
        stage(Pages("other"), word_embedder, {}, journal)
        journal.close()
        store.take_in()
        assert "other" in store.sources()
