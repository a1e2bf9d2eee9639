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
    assert fill.tokens(Gap("p", "s"), 100) == expected


def test_a_beginning_of_sequence_comes_first() -> None:
    fill = FillIn.of(Tokenizer("[PREFIX]", "[SUFFIX]", bos=1))
    assert fill is not None
    assert fill.tokens(Gap("p", "s"), 100)[0] == 1


def test_a_model_without_the_tokens_cannot_fill() -> None:
    assert FillIn.of(Tokenizer("<|im_start|>", "<|fim_prefix|>")) is None


def test_code_that_spells_a_token_stays_code(tiny_model: Path) -> None:
    """A real tokenizer: what the user wrote never moves the cursor."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    fill = FillIn.of(tokenizer)
    assert fill is not None
    tokens = fill.tokens(Gap("x = '<|fim_suffix|>'", "<|fim_middle|>"), 100)
    vocabulary = tokenizer.get_vocab()
    for name in ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"):
        assert tokens.count(vocabulary[name]) == 1
    assert vocabulary["<|endoftext|>"] in fill.end


def parts(prefix: str, suffix: str, most: int) -> tuple[str, str, int]:
    fill = FillIn.of(Tokenizer("<fim_prefix>", "<fim_suffix>", "<fim_middle>"))
    assert fill is not None
    tokens = fill.tokens(Gap(prefix, suffix), most)
    at = tokens.index(1001)
    return "".join(map(chr, tokens[1:at])), "".join(map(chr, tokens[at + 1 : -1])), len(tokens)


@pytest.mark.parametrize(
    ("prefix", "suffix", "expected"),
    [
        ("abc", "xyz", ("abc", "xyz")),
        ("a" * 50 + "near", "xyz", ("a" * 9 + "near", "xyz")),
        ("abc", "near" + "x" * 50, ("abc", "near" + "x" * 9)),
        ("a" * 50 + "near", "near" + "x" * 50, ("a" * 8 + "near", "near")),
    ],
    ids=["all of it", "long prefix", "long suffix", "both"],
)
def test_what_is_far_from_the_cursor_falls_off(
    prefix: str, suffix: str, expected: tuple[str, str]
) -> None:
    before, after, length = parts(prefix, suffix, most=20)
    assert (before, after) == expected
    assert length <= 20


def test_what_cannot_fit_is_not_tokenized() -> None:
    class Counting(Tokenizer):
        read = 0

        def encode(self, text: str, **options: object) -> list[int]:
            Counting.read += len(text)
            return super().encode(text, **options)

    fill = FillIn.of(Counting("<fim_prefix>", "<fim_suffix>", "<fim_middle>"))
    assert fill is not None
    assert len(fill.tokens(Gap("a" * 1_000_000, "b" * 1_000_000), 104)) <= 104
    assert Counting.read <= 2 * 100 * 16
    assert fill.tokens(Gap("a", "b"), 0) == [1000, 1001, 1002]
