"""A run that is killed leaves one version of the content, and the next run completes the other."""

import inspect
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.embedding import BATCH
from indexer.index.lexical import LexicalIndex
from indexer.index.search import HybridIndex
from indexer.index.tokens import TokenStore
from indexer.pipeline import index
from indexer.types import Document, Embedder
from tests.fixtures.index import WordEmbedder


class Pages:
    """A ``Source`` of one short page per text."""

    name = "pages"

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def documents(self) -> Iterator[Document]:
        for text in self._texts:
            yield Document(self.name, f"file:///{text}.md", text, text)


def texts(store: HybridIndex) -> set[str]:
    """All texts that are served."""
    return {chunk.text for chunks, _ in store.export("pages") for chunk in chunks}


KILLED = """
import os, re, signal, sys, zlib
from collections.abc import Iterator, Sequence
import numpy as np
from indexer.index import catalog, journal, lexical, shelf, store, tokens
from indexer.pipeline import index
from indexer.index.search import HybridIndex
from indexer.types import Document, TokenForm, Tokens, Vectors

{parts}

def die_at(owner, method, call, after):
    original, calls = getattr(owner, method), []
    def wrapped(*args, **kwargs):
        calls.append(1)
        if len(calls) == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if len(calls) == call and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, method, wrapped)

with HybridIndex.open(
    sys.argv[1], embedder_name="words", dimension=64, tokens=WordEmbedder.tokens
) as opened:
    die_at(*eval(sys.argv[2]))
    index(Pages(eval(sys.argv[3])), WordEmbedder(), opened)
"""
OLD = [f"old {i}" for i in range(20)] + ["stays"]
NEW = [f"new {i}" for i in range(2 * BATCH)] + ["stays"]


def opened_to_write(folder: Path) -> HybridIndex:
    return HybridIndex.open(folder, embedder_name="words", dimension=64, tokens=WordEmbedder.tokens)


@pytest.fixture(scope="module")
def old_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the old pages."""
    folder = tmp_path_factory.mktemp("old") / "index"
    with opened_to_write(folder) as opened:
        index(Pages(OLD), WordEmbedder(), opened)
    return folder


@pytest.mark.parametrize(
    ("place", "version"),
    [
        ("journal.Journal, 'put', 2, True", OLD),
        ("journal.Journal, 'add', 2, False", OLD),
        ("journal.Journal, 'finish', 1, True", OLD),
        ("catalog.Catalog, 'begin', 1, True", OLD),
        ("tokens.TokenStore, 'add', 1, False", OLD),
        ("tokens.TokenStore, 'add', 1, True", OLD),
        ("shelf.Shelf, 'put', 1, True", OLD),
        ("store.ChromaStore, 'upsert', 1, True", OLD),
        ("lexical.LexicalIndex, 'commit', 1, True", OLD),
        ("catalog.Catalog, 'publish', 1, False", OLD),
        ("catalog.Catalog, 'publish', 1, True", NEW),
        ("shelf.Shelf, 'remove', 1, False", NEW),
        ("store.ChromaStore, 'delete', 1, True", NEW),
        ("lexical.LexicalIndex, 'commit', 2, True", NEW),
        ("tokens.TokenStore, 'delete', 1, False", NEW),
        ("catalog.Catalog, 'settle', 1, True", NEW),
        ("journal.Journal, 'discard', 1, True", NEW),
    ],
)
def test_kill_leaves_one_version_and_the_next_run_completes_the_other(
    tmp_path: Path, old_index: Path, word_embedder: Embedder, place: str, version: list[str]
) -> None:
    """``kill -9`` of a real process at every step: a search serves all of one version and nothing
    of the other, in vectors and in words; the next run ends in the new one."""
    folder = tmp_path / "index"
    shutil.copytree(old_index, folder)
    parts = inspect.getsource(type(word_embedder)) + "\n\n" + inspect.getsource(Pages)
    script = KILLED.replace("{parts}", parts)
    command = [sys.executable, "-c", script, str(folder), f"({place})", repr(NEW)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with HybridIndex.open(folder, embedder_name="words", dimension=64, writable=False) as reader:
        assert texts(reader) == set(version)
        for text in ("old 3", "new 3", "stays"):
            vector = word_embedder.embed([text])
            found = [passage.chunk.text for passage in reader.search(text, vector, 100)]
            assert (text in found) == (text in version)
            assert set(found) <= set(version)
    word_embedder.embedded.clear()  # type: ignore[attr-defined]
    with opened_to_write(folder) as opened:
        assert texts(opened) == set(version)
        index(Pages(NEW), word_embedder, opened)
        assert (texts(opened), opened.count()) == (set(NEW), len(NEW))
        ids = opened.ids("pages")
    assert LexicalIndex(folder / "lexical").ids() == ids
    assert not TokenStore(folder / "tokens", WordEmbedder.tokens).lacking(ids)
    embedded = len(word_embedder.embedded)  # type: ignore[attr-defined]
    assert embedded < len(NEW) - BATCH or "put" in place or "'add'" in place
