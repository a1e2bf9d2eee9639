"""Makes the tokens that the engine reads of a prompt, and text of tokens."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from backend.errors import Unsupported
from backend.generators.chat.template import ChatTemplate
from backend.generators.fim import FillIn
from backend.ports import Message, Prompt

# Longer prompts (2,000 tokens, some 3 ms) are tokenized on a thread, not on the event loop. For
# shorter ones, waiting for the thread would cost more than the work.
INLINE_CHARACTERS = 8_000
# Text and code have about 4 bytes per token, so twice as many rarely fit the context.
PART_BYTES = 8


class Tokenizing:
    """The tokenizer of ``model``, whose engine takes ``context`` tokens with the answer."""

    def __init__(self, tokenizer: Any, model: str, context: int, *, thinking: bool = True) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self._context = context
        self.template = ChatTemplate(tokenizer, model, thinking=thinking)
        self._fill_in = FillIn.of(tokenizer)

    @property
    def fills(self) -> bool:
        """Whether the model can fill in the middle of code."""
        return self._fill_in is not None

    def ends(self, prompt: Prompt) -> Sequence[int]:
        """The tokens that end an answer besides the model's own: those after a filled gap."""
        return self._fill_in.end if self._fill_in and prompt.gap else ()

    def text(self, tokens: Sequence[int]) -> str:
        decoded: str = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return decoded

    async def tokens(self, prompt: Prompt, answer: int = 1) -> list[int]:
        """The tokens of a prompt. A gap is cut to leave room for ``answer`` tokens."""
        if prompt.gap is not None:
            if self._fill_in is None:
                raise Unsupported(f"{self._model} cannot fill in the middle of code.")
            length = len(prompt.gap.prefix) + len(prompt.gap.suffix)
            most = self._context - min(answer, self._context // 2)
            tokenize = partial(self._fill_in.tokens, prompt.gap, most)
        else:
            length = sum(len(message.text) for message in prompt.messages)
            tokenize = partial(self._tokenize, prompt.messages)
        return tokenize() if length <= INLINE_CHARACTERS else await asyncio.to_thread(tokenize)

    def _tokenize(self, prompt: Sequence[Message]) -> list[int]:
        return self._encode(self.template.text(prompt))

    def _encode(self, text: str) -> list[int]:
        """The tokens of a text, or of a beginning that is already too long for the context.

        Tokenizing a megabyte costs a second and fifty megabytes of memory, which is too much for a
        prompt that cannot fit. A beginning has at most one token more than within the whole text.
        """
        size = PART_BYTES * self._context
        while True:
            # In bytes, because a character of another script is several tokens.
            part = (
                text
                if 4 * len(text) <= size
                else text.encode("utf-8", "replace")[:size].decode(errors="ignore")
            )
            # The template has already written every special token.
            tokens = self._tokenizer.encode(part, add_special_tokens=False, verbose=False)
            if len(part) == len(text) or len(tokens) > self._context + 1:
                return list(tokens)
            size *= 4
