"""The two halves of the index stay one: after kills, damage, and from several processes."""

import inspect
import json
import logging
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.lexical import LexicalIndex
from indexer.search import HybridIndex, mend
from indexer.store import LEXICAL, ChromaStore
from indexer.types import Chunk, Embedder, IndexInUse

PAGES = 200


def opened(folder: Path, writable: bool = True) -> HybridIndex:
    return HybridIndex.open(folder, embedder_name="words", dimension=64, writable=writable)


def pages(count: int) -> list[Chunk]:
    return [Chunk("docs", f"file:///{i}", f"t{i}", f"word{i} common") for i in range(count)]


def fill(index: HybridIndex | ChromaStore, embedder: Embedder, chunks: list[Chunk]) -> None:
    index.upsert(chunks, embedder.embed([chunk.text for chunk in chunks]))


def found(index: HybridIndex, embedder: Embedder, word: str) -> str:
    """By that word alone: the vector is that of another."""
    passages = index.search(word, embedder.embed(["common"]), 1)
    return passages[0].chunk.text if passages else ""


def test_words_survive_closing_and_say_nothing(
    tmp_path: Path, word_embedder: Embedder, caplog: pytest.LogCaptureFixture
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
    tmp_path: Path, word_embedder: Embedder, caplog: pytest.LogCaptureFixture,
    break_it: object, writable: bool,
) -> None:  # fmt: skip
    """Loudly, and without embedding anything; a reader does it in memory and changes nothing."""
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(PAGES))
    break_it(tmp_path / LEXICAL)  # type: ignore[operator]
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
    tmp_path: Path, word_embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    """What a killed run left: chunks that only one half has."""
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(PAGES))
    with ChromaStore.open(tmp_path, embedder_name="words", dimension=64) as store:
        store.delete([chunk.id for chunk in pages(3)])
        fill(store, word_embedder, [Chunk("docs", "file:///new", "new", "new word")])
    with opened(tmp_path) as index:
        assert found(index, word_embedder, "new") == "new word"
        assert found(index, word_embedder, "word0") != "word0 common"
    assert f"lacks 1 of {PAGES - 2} chunks and has 3 that are gone" in caplog.text


def test_mending_what_agrees_is_silent(
    tmp_path: Path, word_embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    """Killed between tantivy's commit and the note of its version: nothing to do."""
    caplog.set_level(logging.INFO)
    with ChromaStore.open(tmp_path, embedder_name="words", dimension=64) as store:
        fill(store, word_embedder, pages(2))
        lexical = LexicalIndex()
        mend(lexical, store)
        lexical.dataset = "another"
        caplog.clear()
        mend(lexical, store)
        assert (lexical.dataset, len(lexical)) == (store.dataset, 2)
    assert caplog.records == []


KILLED = """
import re, sys, zlib
from collections.abc import Sequence
import numpy as np
from indexer.search import HybridIndex
from indexer.types import Chunk, Vectors

{embedder}

{pages}

with HybridIndex.open(sys.argv[1], embedder_name="words", dimension=64) as index:
    embedder = WordEmbedder()
    print("writing", flush=True)
    for chunk in pages(100_000):
        index.upsert([chunk], embedder.embed([chunk.text]))
"""


@pytest.mark.parametrize("after_s", [0.2, 0.45, 0.8])
def test_killed_writer_leaves_an_index_that_heals(
    tmp_path: Path, word_embedder: Embedder, after_s: float
) -> None:
    """``kill -9`` while it writes chunk after chunk: both halves then have the same ones."""
    script = KILLED.replace("{embedder}", inspect.getsource(type(word_embedder)))
    script = script.replace("{pages}", inspect.getsource(pages))
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.send_signal(signal.SIGKILL)
    with opened(tmp_path) as index:
        stored = index.count()
        for i in range(stored):
            assert found(index, word_embedder, f"word{i}") == f"word{i} common"
        assert found(index, word_embedder, f"word{stored}") != f"word{stored} common"
        fill(index, word_embedder, pages(stored + 1))
        assert found(index, word_embedder, f"word{stored}") == f"word{stored} common"


def test_readers_share_words_with_each_other(tmp_path: Path, word_embedder: Embedder) -> None:
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(3))
    with opened(tmp_path, writable=False) as one, opened(tmp_path, writable=False) as two:
        for index in (one, two):
            assert found(index, word_embedder, "word1") == "word1 common"
        with pytest.raises(IndexInUse):
            opened(tmp_path)


def test_wiping_removes_both_halves(tmp_path: Path, word_embedder: Embedder) -> None:
    with opened(tmp_path) as index:
        fill(index, word_embedder, pages(3))
    HybridIndex.wipe(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.lock"]
