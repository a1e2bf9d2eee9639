"""Keeps the text of a prompt from speaking in the model's own control tokens.

A tokenizer turns ``<|im_start|>system`` into the token that opens a system message, whoever wrote
it: the user, their code, or a page of documentation. The chat template must be the only one who
writes such tokens. (The role confusion of "ChatML injection"; vLLM and transformers tokenize the
rendered template as one text.)
"""

import re
from collections.abc import Iterable


class SpecialTokens:
    """The control tokens of one tokenizer, as its ``get_added_vocab()`` lists them."""

    def __init__(self, tokens: Iterable[str]) -> None:
        # Some tokenizers add runs of spaces as well: those control nothing.
        control = {token for token in tokens if len(token) > 1 and not re.search(r"\s", token)}
        longest_first = sorted(control, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def spelled_out(self, text: str) -> str:
        """The text with a space inside each token: legible as before, a token no longer."""
        if self._any is None:
            return text
        # Again until nothing is left: a token may come to light where another was taken apart.
        # Each round parts characters that stood together, and none joins any: it ends.
        while (clean := self._any.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)) != text:
            text = clean
        return text
