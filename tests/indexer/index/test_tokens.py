"""Token vectors in memory-mapped files: they are found, merged, removed, and seen by readers."""

import logging
from pathlib import Path

import numpy as np
import pytest

from indexer.index.search import HybridIndex
from indexer.index.tokens import TokenStore
from indexer.pipeline import index
from indexer.types import TokenForm, Tokens
from tests.fixtures.index import Pages, WordEmbedder

FORM = TokenForm("model@1", 4)


def row(number: int) -> Tokens:
    return np.full((number % 5 + 1, 4), number % 127, np.int8)


def name(number: int) -> str:
    return f"{number * 7919:032x}"[::-1]


def opened(folder: Path, form: TokenForm | None = FORM, *, writable: bool = True) -> TokenStore:
    store = TokenStore.open(folder, form, writable=writable)
    assert store is not None
    return store


def test_what_was_added_is_found_also_by_another_process(tmp_path: Path) -> None:
    """Each row comes back as it was, and few files are left of many additions."""
    store = opened(tmp_path)
    for start in range(0, 200, 4):
        store.add({name(i): row(i) for i in range(start, start + 4)})
    again = opened(tmp_path, writable=False)
    for each in (store, again):
        found = each.get(name(i) for i in range(201))
        assert found.keys() == {name(i) for i in range(200)}
        assert all((found[name(i)] == row(i)).all() for i in range(200))
    assert len(list(tmp_path.glob("*.tokens"))) < 8


def test_a_reader_sees_removals_at_once_and_the_rest_when_it_refreshes(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add({name(i): row(i) for i in range(100)})
    reader = opened(tmp_path, writable=False)
    store.delete([name(3), "f" * 32])
    assert name(3) not in reader.get([name(3)])
    store.add({name(i): row(i) for i in range(100, 110)})
    store.add({name(3): row(3)})
    assert reader.lacking([name(3), name(5), name(105)]) == {name(3), name(105)}
    reader.refresh()
    assert reader.lacking([name(i) for i in range(111)]) == {name(110)}


def test_removed_rows_take_no_space_for_long(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add({name(i): row(i) for i in range(100)})
    before = sum(path.stat().st_size for path in tmp_path.glob("*.tokens"))
    store.delete([name(i) for i in range(90)])
    assert sum(path.stat().st_size for path in tmp_path.glob("*.tokens")) < before / 4
    assert store.lacking([name(i) for i in range(100)]) == {name(i) for i in range(90)}
    assert store.count() == 10
    store.delete([name(i) for i in range(100)])
    assert not list(tmp_path.glob("*.tokens"))


def test_a_damaged_file_costs_its_rows_and_nothing_else(tmp_path: Path) -> None:
    """Whatever is cut off or foreign is left out."""
    store = opened(tmp_path)
    store.add({name(i): row(i) for i in range(100)})
    store.add({name(1000): row(1000)})
    (newest, oldest) = sorted(tmp_path.glob("*.tokens"), reverse=True)
    oldest.write_bytes(oldest.read_bytes()[:-3])
    (tmp_path / "000000000009.tokens").write_bytes(b"x" * 5)
    (tmp_path / "000000000008.tokens").write_bytes(b"")
    (tmp_path / "000000000007.tokens").write_bytes(b"x" * 500)
    assert newest.exists()
    again = opened(tmp_path)
    assert again.get([name(5), name(1000)]).keys() == {name(1000)}
    again.add({name(5): row(5)})
    assert opened(tmp_path).lacking([name(5), name(1000)]) == set()


def test_vectors_of_another_model_are_dropped_by_a_writer_and_ignored_by_a_reader(
    tmp_path: Path,
) -> None:
    opened(tmp_path).add({name(1): row(1)})
    other = TokenForm("model@2", 4)
    assert TokenStore.open(tmp_path, other, writable=False) is None
    assert opened(tmp_path, None).form == FORM  # whoever has no model keeps what is there
    assert opened(tmp_path, other).lacking([name(1)]) == {name(1)}
    assert TokenStore.open(tmp_path / "none", None, writable=True) is None


def test_an_index_without_tokens_says_so_and_gets_them_with_the_next_run(
    tmp_path: Path, word_embedder: WordEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    """An index from before there were token vectors is searched without them until then."""
    pages = Pages([f"page {i}" for i in range(20)])
    with HybridIndex.open(tmp_path, embedder_name="words", dimension=64) as old:
        index(pages, word_embedder, old)
        assert old.token_form is None
    with (
        caplog.at_level(logging.WARNING),
        HybridIndex.open(
            tmp_path, embedder_name="words", dimension=64, tokens=word_embedder.tokens
        ) as new,
    ):
        assert "20 chunks have no token vectors" in caplog.text
        assert not new.tokens(new.ids("pages"))
        index(pages, word_embedder, new)
        assert new.tokens(new.ids("pages")).keys() == new.ids("pages")
