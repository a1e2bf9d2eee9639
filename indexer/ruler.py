"""Measures texts in the tokens of an embedding model, so that chunks are as long as it reads."""

from functools import lru_cache
from typing import Any

_CHARACTERS_PER_TOKEN = 16  # at most; prose has four characters per token
_REMEMBERED = 65_536  # words whose token count is remembered
_LONG_WORD = 64  # longer words (in characters) are not remembered, because they rarely occur again


class TokenRuler:
    """A ``Ruler`` that counts the tokens of a model's tokenizer. Any thread may use it."""

    def __init__(self, tokenizer: Any, limit: int, prompt: str = "") -> None:
        """``limit`` is what the model reads, including the tokens that it adds itself and those of
        the ``prompt`` before each text. The attribute ``limit`` is what remains without them.
        """
        backend = tokenizer.backend_tokenizer
        # Tokenizers of BERT's kind first split text into words, and words repeat. Tokenizing whole
        # texts took as long as everything else besides embedding.
        self._by_word = type(backend.pre_tokenizer).__name__ == "BertPreTokenizer"
        self._remembered = lru_cache(_REMEMBERED)(self._tokens)
        self.limit: int = limit - backend.num_special_tokens_to_add(False)
        # a copy of our own, without padding and truncation
        self._tokenizer = type(backend).from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        if prompt:
            self.limit -= self._tokens(prompt)

    def size(self, text: str) -> int:
        if self._by_word:
            tokens = sum(
                self._remembered(word) if len(word) <= _LONG_WORD else self._tokens(word)
                for word in text.split()
            )
        else:
            tokens = self._tokens(text)
        # A tokenizer makes one unknown token of a word that is too long.
        return max(tokens, len(text) // _CHARACTERS_PER_TOKEN)

    def room(self, heading: str) -> int:
        """The tokens that remain below the heading, but at least half of the limit."""
        return max(self.limit - self.size(heading), self.limit // 2)

    def _tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(encodable(text), add_special_tokens=False))


def encodable(text: str) -> str:
    """The text without lone surrogates, which tokenizers refuse."""
    return text.encode("utf-8", "replace").decode()
