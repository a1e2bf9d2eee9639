"""What every ``Embedder`` promises: the bundled model, and the one that other tests use."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from indexer.embedder import SentenceTransformerEmbedder
from indexer.types import Embedder


@pytest.fixture(scope="module")
def bundled() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture(params=["bundled", "words"])
def embedder(request: pytest.FixtureRequest) -> Any:
    name = {"bundled": "bundled", "words": "word_embedder"}[request.param]
    return request.getfixturevalue(name)


def test_one_unit_row_per_text(embedder: Embedder) -> None:
    vectors = embedder.embed(["sort an array", "a much longer text " * 200, "x"])
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_no_texts_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize(
    "text", ["", " \n", "\ud800 lone surrogate", "\0", "日本語 🎉", "a" * 100_000]
)
def test_any_text_has_a_direction(embedder: Embedder, text: str) -> None:
    """Nothing that a file can hold makes embedding fail."""
    vector = embedder.embed([text])
    assert np.isfinite(vector).all()
    np.testing.assert_allclose(np.linalg.norm(vector), 1, rtol=1e-5)


def test_rows_are_in_the_order_of_the_texts(embedder: Embedder) -> None:
    """However texts are batched, row i belongs to text i; company changes a vector but little."""
    texts = [f"{'word ' * (i * 7 % 50)} number {i}" for i in range(40)]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert (np.sum(together * alone, axis=1) > 0.999).all()


def test_like_is_near(embedder: Embedder) -> None:
    query, near, far = embedder.embed(
        ["sort an array", "return a sorted copy of an array: sort", "open the network socket"]
    )
    assert query @ near > query @ far


def test_threads_may_embed_at_once(embedder: Embedder) -> None:
    """Tokenizers and models keep state; concurrent calls must not see each other's."""
    texts = [f"{'long ' * (i * 13 % 60)}text {i}" for i in range(24)]
    expected = embedder.embed(texts)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: embedder.embed([text])[0], texts))
    assert (np.sum(np.stack(found) * expected, axis=1) > 0.999).all()


def test_name_and_dimension_identify_the_weights(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.dimension == embedder.embed(["x"]).shape[1]
