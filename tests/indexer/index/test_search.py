"""The two halves of the index stay one: after kills, damage, and from several processes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.index.search import HybridIndex
from indexer.types import Change, Chunk, Embedder, IndexerError, IndexInUse, IndexMismatch

PAGES = 200
Fill = Callable[[HybridIndex, Embedder, list[Chunk]], None]


def opened(folder: Path, writable: bool = True) -> HybridIndex:
    return HybridIndex.open(folder, embedder_name="words", dimension=64, writable=writable)


def pages(count: int) -> list[Chunk]:
    return [Chunk("docs", f"file:///{i}", f"t{i}", f"word{i} common") for i in range(count)]


@pytest.fixture
def fill(stored: Any) -> Fill:
    return lambda index, embedder, chunks: stored(index, embedder, *chunks)


def found(index: HybridIndex, embedder: Embedder, word: str) -> str:
    """Whether the text is found by that word alone; the vector belongs to another text."""
    passages = index.search(word, embedder.embed(["common"]), 1)
    return passages[0].chunk.text if passages else ""


def test_words_survive_closing_and_say_nothing(
    tmp_path: Path, word_embedder: Embedder, fill: Fill, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(PAGES))
    with opened(tmp_path) as index:
        assert found(index, word_embedder, "word150") == "word150 common"
    assert caplog.records == []


def gone(lexical: Path) -> None:
    shutil.rmtree(lexical)


def damaged(lexical: Path) -> None:
    (lexical / "meta.json").write_bytes(b"not tantivy")


def older(lexical: Path) -> None:
    (lexical / "glossator.json").write_text(json.dumps({"schema": 0, "dataset": ""}))


def garbled(lexical: Path) -> None:
    (lexical / "glossator.json").write_text("{")


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("break_it", [gone, damaged, older, garbled])
def test_words_are_made_anew_from_the_store(
    tmp_path: Path, word_embedder: Embedder, fill: Fill, caplog: pytest.LogCaptureFixture,
    break_it: object, writable: bool,
) -> None:  # fmt: skip
    """It is logged, and nothing is embedded. A reader does it in memory and changes nothing."""
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(PAGES))
    break_it(tmp_path / "lexical")  # type: ignore[operator]
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with opened(tmp_path, writable) as index:
        assert found(index, word_embedder, "word150") == "word150 common"
    assert f"lacks {PAGES} of {PAGES} chunks" in caplog.text
    if not writable:
        assert sorted(path.name for path in tmp_path.rglob("*")) == before
    caplog.clear()
    if writable:
        opened(tmp_path).close()
        assert caplog.records == []


def test_only_what_differs_is_mended(
    tmp_path: Path, word_embedder: Embedder, caplog: pytest.LogCaptureFixture, fill: Fill
) -> None:
    """The lexical index lacks some chunks and has others, like an older copy of it."""
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(3))
    shutil.copytree(tmp_path / "lexical", tmp_path / "older")
    with opened(tmp_path) as index:
        fill(index, word_embedder, [Chunk("docs", "file:///new", "new", "new word")])
        index.apply(Change("docs", {}, frozenset({pages(1)[0].id}), lambda wanted: []))
    shutil.rmtree(tmp_path / "lexical")
    (tmp_path / "older").rename(tmp_path / "lexical")
    with opened(tmp_path) as index:
        assert found(index, word_embedder, "new") == "new word"
        assert found(index, word_embedder, "word0") != "word0 common"
    assert "lacks 1 of 3 chunks and has 1 that are gone" in caplog.text


def test_readers_share_words_with_each_other(
    tmp_path: Path, word_embedder: Embedder, fill: Fill
) -> None:
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(3))
    with opened(tmp_path, writable=False) as one, opened(tmp_path, writable=False) as two:
        for index in (one, two):
            assert found(index, word_embedder, "word1") == "word1 common"
        with pytest.raises(IndexInUse):
            opened(tmp_path)


def test_wiping_removes_both_halves(tmp_path: Path, word_embedder: Embedder, fill: Fill) -> None:
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(3))
    HybridIndex.wipe(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.lock"]


def test_readers_of_a_chroma_server_see_each_new_version(
    tmp_path: Path, word_embedder: Embedder, chroma_server: str, fill: Fill
) -> None:
    """They see it while the owner writes: no lock keeps them out, and they need not reopen."""

    def served(writable: bool) -> HybridIndex:
        return HybridIndex.open(tmp_path, embedder_name="words", dimension=64, writable=writable,
                                chroma_url=chroma_server)  # fmt: skip

    with served(True) as owner, served(False) as reader:
        for count in (1, 3):
            fill(owner, word_embedder, pages(count))
            assert reader.dataset == owner.dataset
            assert found(reader, word_embedder, f"word{count - 1}") == f"word{count - 1} common"
        with pytest.raises(IndexInUse):
            served(True)
    HybridIndex.wipe(tmp_path, chroma_server)
    with served(True) as anew:
        assert anew.count() == 0


def test_vectors_elsewhere_than_the_settings_say_are_an_error_that_says_how_to_move_them(
    tmp_path: Path, chroma_server: str
) -> None:
    opened(tmp_path).close()
    with pytest.raises(IndexMismatch, match="glossator index migrate"):
        HybridIndex.open(tmp_path, embedder_name="words", dimension=64, chroma_url=chroma_server)


def test_no_chroma_server_is_an_error_that_says_how_to_start_one(tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:1", "nonsense"):
        with pytest.raises(IndexerError, match=r"chroma run|http://HOST:PORT"):
            HybridIndex.open(tmp_path, embedder_name="words", dimension=64, chroma_url=url)
