"""How the store keeps chunks, beyond what every ``VectorStore`` promises."""

from pathlib import Path

import pytest

from indexer.index import chroma
from indexer.index.shelf import SMALL
from indexer.index.store import ChromaStore
from indexer.types import Chunk, Embedder


def test_what_was_stored_before_there_was_a_shelf_is_read(
    tmp_path: Path, word_embedder: Embedder
) -> None:
    """Chunks and collections that an earlier version stored are searched together with new ones."""
    old = Chunk("docs", "file:///a", "", "old words", "page", "A › B", section="B", line=7)
    client = chroma.embedded(tmp_path)
    metadata = {"source": "docs", "uri": "file:///a", "kind": "page", "breadcrumb": "A › B",
                "section": "B", "line": 7}  # fmt: skip
    chroma.collection(client, "old", {"source": "docs", "index": ""}).upsert(
        ids=[old.id],
        embeddings=word_embedder.embed([old.text]),
        documents=[old.text],
        metadatas=[metadata],
    )
    client.close()
    store = ChromaStore.embedded(tmp_path)
    for i in range(4):
        store.upsert([Chunk(f"p{i}", "file:///b", "b", "new words")], word_embedder.embed(["new"]))
    assert store.get({"docs": [old.id]}) == {old.id: old}
    near = store.nearest(word_embedder.embed(["old words"]), 5)
    assert (near[0].id, len(near)) == (old.id, 5)
    store.close()


@pytest.mark.parametrize(("in_all", "collections"), [(SMALL, 2), (SMALL + 1, 1)])
def test_only_small_sources_are_kept_twice(
    tmp_path: Path, word_embedder: Embedder, in_all: int, collections: int
) -> None:
    """Nothing of either copy is left once the chunks are deleted."""
    store = ChromaStore.embedded(tmp_path)
    chunk = Chunk("docs", "file:///a", "a", "words")
    store.upsert([chunk], word_embedder.embed(["words"]), in_all)
    store.close()
    client = chroma.embedded(tmp_path)
    assert client.count_collections() == collections
    client.close()
    store = ChromaStore.embedded(tmp_path)
    store.delete({"docs": [chunk.id]})
    store.close()
    client = chroma.embedded(tmp_path)
    assert client.count_collections() == 0
    client.close()
