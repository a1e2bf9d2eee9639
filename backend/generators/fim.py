"""Fill in the middle: writes the prompt in the format that a model was trained for.

The tokenizer's special tokens show which format it is (Bavarian et al. 2022, "Efficient Training
of Language Models to Fill in the Middle"). Pure, given a tokenizer.
"""

from dataclasses import dataclass
from typing import Any

from backend.ports import Gap

_OWN_TOKENS = 4  # at most, of the format: three marks and the beginning of a sequence
_CHARACTERS_A_TOKEN = 16  # more than the average of any vocabulary, even on indented code


@dataclass(frozen=True, slots=True)
class _Format:
    """The tokens before prefix, suffix and answer. With ``suffix_first`` the suffix comes first.

    ``end`` are tokens that end an answer besides the model's own end of text.
    """

    prefix: str
    suffix: str
    middle: str = ""
    suffix_first: bool = False
    end: tuple[str, ...] = ()


_FORMATS = (
    # Qwen2.5-Coder, CodeGemma, Granite
    _Format(
        "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>",
        end=("<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|file_separator|>", "<|repo_name|>"),
    ),
    # StarCoder, StarCoder2
    _Format(
        "<fim_prefix>", "<fim_suffix>", "<fim_middle>",
        end=("<|endoftext|>", "<file_sep>", "<repo_name>"),
    ),
    # DeepSeek-Coder: the prefix, the hole, the suffix, the end
    _Format("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", end=("<｜end▁of▁sentence｜>",)),
    # Code Llama
    _Format("▁<PRE>", "▁<SUF>", "▁<MID>", end=("▁<EOT>",)),
    # Codestral
    _Format("[PREFIX]", "[SUFFIX]", suffix_first=True),
)  # fmt: skip


class FillIn:
    """The format of one model. Make it with ``FillIn.of``."""

    def __init__(self, format: _Format, tokenizer: Any, vocabulary: dict[str, int]) -> None:
        self._format = format
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self.end = tuple(vocabulary[token] for token in format.end if token in vocabulary)

    @classmethod
    def of(cls, tokenizer: Any) -> "FillIn | None":
        """The format of this tokenizer; None for a model that was not trained for it."""
        vocabulary: dict[str, int] = tokenizer.get_vocab()
        for format in _FORMATS:
            if all(
                token in vocabulary
                for token in (format.prefix, format.suffix, format.middle)
                if token
            ):
                return cls(format, tokenizer, vocabulary)
        return None

    def tokens(self, gap: Gap, most: int) -> list[int]:
        """The prompt, in at most ``most`` tokens.

        Code far from the cursor is left out, and a quarter of the room is kept for the suffix.
        Special tokens that the code itself spells stay text.
        """
        format = self._format
        room = max(0, most - _OWN_TOKENS)
        # Characters are cut first, because text that cannot fit need not be tokenized.
        characters = room * _CHARACTERS_A_TOKEN
        before = self._encode(gap.prefix[-characters:] if characters else "")
        after = self._encode(gap.suffix[:characters])
        after = after[: max(room - len(before), room // 4)]
        before = before[max(0, len(before) - (room - len(after))) :]
        prefix = [self._vocabulary[format.prefix], *before]
        suffix = [self._vocabulary[format.suffix], *after]
        parts = [*suffix, *prefix] if format.suffix_first else [*prefix, *suffix]
        start = self._tokenizer.bos_token_id
        if format.middle:
            parts.append(self._vocabulary[format.middle])
        return parts if start is None else [start, *parts]

    def _encode(self, text: str) -> list[int]:
        return list(
            self._tokenizer.encode(
                text, add_special_tokens=False, split_special_tokens=True, verbose=False
            )
        )
