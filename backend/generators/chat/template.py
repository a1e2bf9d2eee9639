"""The chat template of a model: what it can do is tried once, and conversations adapted to it."""

import logging
from collections.abc import Sequence
from typing import Any

from backend.errors import BadFrame, StartupFailed
from backend.generators.chat.thinking import TAGS
from backend.generators.chat.turns import adapted
from backend.generators.special_tokens import SpecialTokens
from backend.ports import Message

log = logging.getLogger(__name__)

_SYSTEM, _ASKED, _ANSWERED = "Tried-system", "Tried-question", "Tried-answer"
_USER, _ASSISTANT = Message("user", _ASKED), Message("assistant", _ANSWERED)


class ChatTemplate:
    """Renders conversations. Raises ``StartupFailed`` if it cannot render even a question.

    Without ``thinking``, the model is told not to think, if its template has words for that.
    """

    def __init__(self, tokenizer: Any, model: str, *, thinking: bool = True) -> None:
        self._tokenizer = tokenizer
        self._model = model
        # Templates ignore variables that they do not know.
        self._variables = {} if thinking else {"enable_thinking": False}
        vocabulary = tokenizer.get_added_vocab()
        self._special = SpecialTokens(vocabulary)
        try:
            alone = self._apply([_USER])
        except _refusals() as error:
            raise StartupFailed(
                f"The chat template of {model} cannot write a question ({_reason(error)}). "
                "Serve an instruct or chat model."
            ) from error
        self.system = self._takes([Message("system", _SYSTEM), _USER], _SYSTEM)
        # A history may begin with an answer, and a question may follow a question.
        self.strict = not (
            self._takes([_ASSISTANT, _USER], _ANSWERED) and self._takes([_USER, _USER], _ASKED)
        )
        # The template itself may begin the model's thinking.
        self.thinks = next((tag for tag, _ in TAGS if alone.rstrip().endswith(tag)), "")
        self.may_think = bool(self.thinks) or any(tag in vocabulary for tag, _ in TAGS)
        if not self.system or self.strict or self.may_think:
            log.info(
                "the chat template of %s: %s, %s, %s",
                model,
                "a system role" if self.system else "no system role",
                "strict turns" if self.strict else "any turns",
                "thinking" if self.may_think else "no thinking",
            )

    def text(self, messages: Sequence[Message]) -> str:
        """The conversation as the model reads it. Raises ``BadFrame`` if that cannot be."""
        try:
            return self._apply(adapted(messages, system=self.system, strict=self.strict))
        except _refusals() as error:
            raise BadFrame(
                f"The chat template of {self._model} refuses this conversation "
                f"({_reason(error)}). Ask without the history."
            ) from error

    def _apply(self, messages: Sequence[Message]) -> str:
        text: str = self._tokenizer.apply_chat_template(
            [
                {"role": each.role, "content": self._special.spelled_out(each.text)}
                for each in messages
            ],
            add_generation_prompt=True,
            tokenize=False,
            **self._variables,
        )
        return text

    def _takes(self, messages: Sequence[Message], word: str) -> bool:
        """Whether the template writes these messages, and the word in one of them."""
        try:
            return word in self._apply(messages)
        except _refusals():
            return False


def _refusals() -> tuple[type[Exception], ...]:
    """What templates raise for messages that they do not take."""
    from jinja2 import TemplateError

    return (TemplateError, TypeError, ValueError, LookupError, AttributeError)


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
