"""What an upstream has taught about how it wants to be asked, and which of its models to ask. Pure.

Servers that speak OpenAI's API refuse different parts of it. Each refusal is learnt once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.generators.chat.turns import adapted
from backend.ports import Message

_OPTIONAL = ("max_tokens", "max_completion_tokens", "temperature", "stream_options", "stop",
             "ignore_eos")  # fmt: skip
_SYSTEM = re.compile(r"system (?:role|message|prompt|instruction)|role\W{0,5}.{0,20}\bsystem\b")
_ALTERNATE = re.compile(r"\balternat|must (?:begin|start) with a? ?.{0,3}user")
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(
    r"(?:at most|up to|maximum|exceed\w{0,4}+|limit\w{0,4}+|<=?|less than(?: or equal to)?)"
    r"\D{0,40}+(\d+)"
)
_FEW_STOPS = 4  # OpenAI's own limit

# What else than chat a model's id says. Servers list these beside the models that chat.
_OTHER = (
    (re.compile(r"rerank|cross-encoder"), "reranks"),
    (re.compile(r"embed|\bbge-|\be5-|\bgte-|minilm|sentence-|\bmpnet|colbert"), "embeds"),
    (re.compile(r"whisper|transcri|\basr\b|speech-to-text|parakeet"), "transcribes speech"),
    (re.compile(r"\btts\b|text-to-speech|\bkokoro|\bbark\b|realtime|\baudio\b"), "speaks"),
    (re.compile(r"dall-e|stable-diffusion|sdxl|\bflux\b|gpt-image|\bsora\b"), "makes pictures"),
    (re.compile(r"moderation|llama-guard|shieldgemma|prompt-guard"), "moderates"),
)  # fmt: skip
_CHATTING = frozenset(("completion", "chat", "chat_completion", "chat-completion"))
_CHAT_KINDS = ("llm", "chat", "vlm", "language", "text-generation", "model")


class Habits:
    """How one upstream is asked. ``learn`` from its refusals, ``apply`` to every request."""

    def __init__(self) -> None:
        self.thinks = False  # set when it has sent thinking
        self._left_out: set[str] = set()
        self._renamed = False  # max_tokens to max_completion_tokens
        self._most_tokens = 0
        self._most_stops: int | None = None
        self._no_system = False
        self._strict = False

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        return adapted(messages, system=not self._no_system, strict=self._strict)

    def apply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The request as this upstream takes it."""
        kept = {name: value for name, value in request.items() if name not in self._left_out}
        if self._most_tokens and "max_tokens" in kept:
            kept["max_tokens"] = min(kept["max_tokens"], self._most_tokens)
        if self._renamed and "max_tokens" in kept:
            kept["max_completion_tokens"] = kept.pop("max_tokens")
            if "max_completion_tokens" in self._left_out:
                del kept["max_completion_tokens"]
        if "stop" in kept:
            stops = [] if self.thinks else kept["stop"][: self._most_stops]
            kept["stop"] = stops
            if not stops:
                del kept["stop"]
        if "ignore_eos" in self._left_out:
            kept.pop("extra_body", None)
        return kept

    def learn(self, said: str, named: str | None, sent: Mapping[str, Any]) -> str:
        """What is new in a refusal, in words; "" if nothing is, and asking again is of no use.

        ``named`` is the parameter that the error names apart from its text, and ``sent`` the
        refused request.
        """
        said = said.lower()
        if "context" in said:  # it is too long, which no parameter changes
            return ""
        parameter = self._parameter(said, named, sent)
        if parameter:
            return self._without(parameter, said, sent)
        roles = {each["role"] for each in sent.get("messages", ())}
        if "system" in roles and not self._no_system and _SYSTEM.search(said):
            self._no_system = True
            return "no system role"
        if not self._strict and _ALTERNATE.search(said):
            self._strict = True
            return "strict turns"
        return ""

    @staticmethod
    def _parameter(said: str, named: str | None, sent: Mapping[str, Any]) -> str:
        body = sent.get("extra_body") or {}
        candidates = [each for each in _OPTIONAL if each in sent or each in body]
        if named in candidates:
            return str(named)
        words = _WORD.findall(said)
        return next((each for each in words if each in candidates), "")

    def _without(self, parameter: str, said: str, sent: Mapping[str, Any]) -> str:
        if parameter == "stop" and len(sent["stop"]) > 1:
            numbers = [int(each) for each in _NUMBER.findall(said)]
            most = next((each for each in numbers if 0 < each < len(sent["stop"])), _FEW_STOPS)
            self._most_stops = most if most < len(sent["stop"]) else 1
            return f"at most {self._most_stops} stop strings"
        if parameter in ("max_tokens", "max_completion_tokens"):
            asked = sent[parameter]
            most = next((int(each) for each in _NUMBER.findall(said) if 0 < int(each) < asked), 0)
            if most:
                self._most_tokens = most
                return f"at most {most} tokens"
            if parameter == "max_tokens" and not self._renamed:
                self._renamed = True
                return "max_completion_tokens for max_tokens"
        self._left_out.add(parameter)
        return f"no {parameter}"


def other_purpose(model: Any) -> str:
    """What a listed model does instead of chatting; "" if nothing says that it does not chat."""
    extra: Mapping[str, Any] = getattr(model, "model_extra", None) or {}
    kind = extra.get("type")
    if isinstance(kind, str) and kind.lower() not in _CHAT_KINDS:
        return f"is of type {kind}"[:40]
    abilities = extra.get("capabilities")
    if isinstance(abilities, Mapping) and abilities.get("completion_chat") is False:
        return "does not chat"
    if isinstance(abilities, list) and abilities and not _CHATTING & set(map(str, abilities)):
        return "does not chat"
    name = str(model.id).lower()
    return next((does for pattern, does in _OTHER if pattern.search(name)), "")


def choice(models: Iterable[Any]) -> tuple[str, list[str]]:
    """The first model that chats, or "", and why others were passed over."""
    skipped: list[str] = []
    for model in models:
        does = other_purpose(model)
        if not does:
            return str(model.id), skipped
        skipped.append(f"{model.id} {does}")
    return "", skipped
