"""The cross-encoder adapter, with a tiny model that is made on the spot."""

from pathlib import Path

import pytest

from indexer.ranking.reranker import CrossEncoderReranker
from indexer.types import IndexerError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of a few thousand random weights, in the format of published cross-encoders."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    place = tmp_path_factory.mktemp("cross-encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "sort", "array", "socket", "the"]
    (place / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(place / "vocab.txt")).save_pretrained(place)
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1,
                        num_attention_heads=2, intermediate_size=16, num_labels=1,
                        initializer_range=0.2)  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(place)
    return place


def test_each_text_has_a_score_of_its_own(folder: Path) -> None:
    """The score of a pair is the same whatever stands beside it, for any characters."""
    reranker = CrossEncoderReranker(str(folder))
    one, other, again = reranker.scores("sort the array", ["array", "socket", "array"])
    assert one == pytest.approx(again, abs=1e-5)
    assert one != pytest.approx(other, abs=1e-5)
    assert len(reranker.scores("\ud800", ["\udfff", ""])) == 2


def test_no_model_is_an_error_that_says_what_to_set(tmp_path: Path) -> None:
    for model in (str(tmp_path), "nobody/no-such-model"):
        with pytest.raises(IndexerError, match=r"retrieval\.reranker"):
            CrossEncoderReranker(model)
