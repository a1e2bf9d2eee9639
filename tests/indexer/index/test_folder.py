"""The index folder: who may open it, and with which embedder."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from indexer.index.search import HybridIndex
from indexer.types import Chunk, Embedder, IndexDamaged, IndexerError, IndexInUse, IndexMismatch

OWNER = """
import sys
from indexer.index.search import HybridIndex
store = HybridIndex.open(sys.argv[1], embedder_name="words", dimension=64,
                         writable=sys.argv[2] == "writer")
print("open", flush=True)
sys.stdin.read()
"""


def opened(folder: Path, name: str = "words", dimension: int = 64, writable: bool = True
           ) -> HybridIndex:  # fmt: skip
    return HybridIndex.open(folder, embedder_name=name, dimension=dimension, writable=writable)


@contextmanager
def other_process(folder: Path, role: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the index open until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        try:
            yield process
        finally:
            process.kill()


Fill = Callable[[HybridIndex], Chunk]


@pytest.fixture
def fill(stored: Any, word_embedder: Embedder) -> Fill:
    def put(index: HybridIndex) -> Chunk:
        chunk = Chunk("docs", "file:///a", "a", "words")
        stored(index, word_embedder, chunk)
        return chunk

    return put


def test_content_and_version_survive_closing(
    tmp_path: Path, fill: Fill, word_embedder: Embedder
) -> None:
    with opened(tmp_path) as store:
        chunk = fill(store)
        version = store.dataset
    with opened(tmp_path) as store:
        assert store.dataset == version
        assert store.search("words", word_embedder.embed(["words"]), 1)[0].chunk == chunk


def test_writer_keeps_others_out_until_it_dies(tmp_path: Path) -> None:
    """The error names the process; killing that one without warning frees the folder."""
    with other_process(tmp_path, "writer") as owner:
        for writable in (True, False):
            with pytest.raises(IndexInUse, match=rf"\(pid {owner.pid}\).*Stop that one"):
                opened(tmp_path, writable=writable)
        with pytest.raises(IndexInUse):
            HybridIndex.wipe(tmp_path)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        opened(tmp_path).close()


def test_readers_share_and_keep_writers_out(
    tmp_path: Path, fill: Fill, word_embedder: Embedder
) -> None:
    with opened(tmp_path) as store:
        chunk = fill(store)
    with other_process(tmp_path, "reader"):
        with opened(tmp_path, writable=False) as store:
            assert store.ids("docs") == {chunk.id}
        with pytest.raises(IndexInUse):
            opened(tmp_path)


def test_another_embedder_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, fill: Fill, word_embedder: Embedder
) -> None:
    """The index is untouched by the attempt, and free again."""
    with opened(tmp_path) as store:
        fill(store)
    for name, dimension in (("other", 64), ("words", 384)):
        with pytest.raises(IndexMismatch, match=r"'words' \(64.*glossator index --rebuild"):
            opened(tmp_path, name, dimension)
    with opened(tmp_path) as store:
        assert store.count() == 1


@pytest.mark.parametrize("manifest", ["[1]", "{}", '{"schema": 0}'])
def test_another_schema_is_refused(tmp_path: Path, manifest: str) -> None:
    opened(tmp_path).close()
    (tmp_path / "index.json").write_text(manifest)
    with pytest.raises(IndexMismatch, match=r"another version of Glossator.*--rebuild"):
        opened(tmp_path)


def test_a_manifest_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "index.json").write_text("")
    with pytest.raises(IndexDamaged, match="--rebuild"):
        opened(tmp_path)


def test_wiped_index_can_be_made_anew_with_another_embedder(
    tmp_path: Path, fill: Fill, word_embedder: Embedder
) -> None:
    """In one process, and nothing else in the folder is touched."""
    (tmp_path / "mine.txt").write_text("keep")
    with opened(tmp_path) as store:
        fill(store)
    HybridIndex.wipe(tmp_path)
    with opened(tmp_path, "other", 3) as store:
        assert store.count() == 0
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_wiping_nothing_is_fine(tmp_path: Path) -> None:
    HybridIndex.wipe(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_reading_where_no_index_is_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match=r"no index in .*glossator index"):
        opened(tmp_path / "nowhere", writable=False)
    assert not (tmp_path / "nowhere").exists()


def test_folder_that_cannot_be_made_is_an_indexer_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexerError, match="cannot be made"):
        opened(tmp_path / "file" / "index")


def test_damaged_database_says_to_rebuild(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(IndexerError, match=r"cannot be opened.*--rebuild"):
        opened(tmp_path)


def test_manifest_tells_what_made_the_index(tmp_path: Path) -> None:
    opened(tmp_path).close()
    manifest = json.loads((tmp_path / "index.json").read_text())
    assert (manifest["embedder"], manifest["dimension"]) == ("words", 64)
