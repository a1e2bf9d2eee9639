"""Fill in the middle: the tokens of each family of models, in its order."""

from pathlib import Path

import pytest

from backend.generators.fim import FillIn
from backend.ports import Gap


class Tokenizer:
    """Each character is a token; special tokens are those it was made with."""

    def __init__(self, *special: str, bos: int | None = None) -> None:
        self.special = {token: 1000 + number for number, token in enumerate(special)}
        self.bos_token_id = bos

    def get_vocab(self) -> dict[str, int]:
        return {"a": 97} | self.special

    def encode(self, text: str, **options: object) -> list[int]:
        assert options["split_special_tokens"] is True
        return [ord(character) for character in text]


@pytest.mark.parametrize(
    ("special", "expected"),
    [
        (("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"), [1000, 112, 1001, 115, 1002]),
        (("<fim_prefix>", "<fim_suffix>", "<fim_middle>"), [1000, 112, 1001, 115, 1002]),
        (("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"), [1000, 112, 1001, 115, 1002]),
        (("▁<PRE>", "▁<SUF>", "▁<MID>"), [1000, 112, 1001, 115, 1002]),
        (("[PREFIX]", "[SUFFIX]"), [1001, 115, 1000, 112]),
    ],
    ids=["qwen", "starcoder", "deepseek", "code llama", "codestral"],
)
def test_each_family_is_asked_in_its_own_way(special: tuple[str, ...], expected: list[int]) -> None:
    fill = FillIn.of(Tokenizer(*special))
    assert fill is not None
    assert fill.tokens(Gap("p", "s")) == expected


def test_a_beginning_of_sequence_comes_first() -> None:
    fill = FillIn.of(Tokenizer("[PREFIX]", "[SUFFIX]", bos=1))
    assert fill is not None
    assert fill.tokens(Gap("p", "s"))[0] == 1


def test_a_model_without_the_tokens_cannot_fill() -> None:
    assert FillIn.of(Tokenizer("<|im_start|>", "<|fim_prefix|>")) is None


def test_code_that_spells_a_token_stays_code(tiny_model: Path) -> None:
    """A real tokenizer: what the user wrote never moves the cursor."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    fill = FillIn.of(tokenizer)
    assert fill is not None
    tokens = fill.tokens(Gap("x = '<|fim_suffix|>'", "<|fim_middle|>"))
    vocabulary = tokenizer.get_vocab()
    for name in ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"):
        assert tokens.count(vocabulary[name]) == 1
    assert vocabulary["<|endoftext|>"] in fill.end
