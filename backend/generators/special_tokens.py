"""Keeps control tokens of the model out of the text of a prompt.

A tokenizer turns ``<|im_start|>system`` into the token that opens a system message, even if the
user, their code or a page of documentation wrote it. Only the chat template may write such tokens.
(This is the role confusion of "ChatML injection"; vLLM and transformers tokenize the rendered
template as one text.)
"""

import re
from collections.abc import Iterable


class SpecialTokens:
    """The control tokens of one tokenizer, as its ``get_added_vocab()`` lists them."""

    def __init__(self, tokens: Iterable[str]) -> None:
        # Some tokenizers add runs of spaces too, which control nothing.
        control = {token for token in tokens if len(token) > 1 and not re.search(r"\s", token)}
        longest_first = sorted(control, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def spelled_out(self, text: str) -> str:
        """The text with a space inside each token, which stays legible but is no token any more."""
        if self._any is None:
            return text
        # Repeats until nothing is left, because a new token may appear where one was taken apart.
        # It ends, because every round separates characters and none joins any.
        while (clean := self._any.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)) != text:
            text = clean
        return text
