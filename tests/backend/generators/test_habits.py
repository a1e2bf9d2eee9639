"""What is learnt of an upstream's refusals, and which of its models chat."""

from types import SimpleNamespace
from typing import Any

import pytest

from backend.generators.habits import Habits, choice, other_purpose

SENT = {
    "model": "m",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
    "max_tokens": 100,
    "temperature": 0.0,
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": ["a", "b", "c", "d", "e", "f"],
}


@pytest.mark.parametrize(
    ("said", "named", "changed"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens",
         {"max_tokens": None, "max_completion_tokens": 100}),
        ("max_tokens is too large: 100. This model supports at most 64 completion tokens.", None,
         {"max_tokens": 64}),
        ("Unsupported value: 'temperature' does not support 0.", "temperature",
         {"temperature": None}),
        ("Unknown field: stream_options", None, {"stream_options": None}),
        ("Array too long: 'stop' takes at most 4 items", "stop", {"stop": ["a", "b", "c", "d"]}),
        ("too many stop sequences", None, {"stop": ["a", "b", "c", "d"]}),
        ("the number of stop strings must be <= 2", None, {"stop": ["a", "b"]}),
    ],
)  # fmt: skip
def test_a_refusal_changes_the_next_request(
    said: str, named: str | None, changed: dict[str, Any]
) -> None:
    habits = Habits()
    assert habits.learn(said, named, SENT)
    expected = {key: value for key, value in (SENT | changed).items() if value is not None}
    assert habits.apply(SENT) == expected


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 8192 tokens, however you requested max_tokens 9",
        "The user is unknown.",
        "stopped",
    ],
)
def test_what_no_parameter_is_to_blame_for_teaches_nothing(said: str) -> None:
    habits = Habits()
    assert not habits.learn(said, None, SENT)
    assert habits.apply(SENT) == SENT


def test_learning_ends() -> None:
    """An upstream that refuses whatever it is asked is asked a few times, and not for ever."""
    habits = Habits()
    said = "stop, max_tokens, max_completion_tokens, temperature and system role must alternate"
    tries = 0
    while tries < 20:
        tries += 1
        if not habits.learn(said, None, habits.apply(SENT)):
            break
    assert tries < 12
    assert set(habits.apply(SENT)) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("model", "does"),
    [
        ("qwen2.5-coder:7b", ""),
        ("gpt-4o", ""),
        ("llama-3.1-8b-instruct", ""),
        ("nomic-embed-text:latest", "embeds"),
        ("all-minilm", "embeds"),
        ("BAAI/bge-m3", "embeds"),
        ("BAAI/bge-reranker-v2-m3", "reranks"),
        ("openai/whisper-large-v3", "transcribes speech"),
        ("gpt-4o-transcribe", "transcribes speech"),
        ("tts-1", "speaks"),
        ("dall-e-3", "makes pictures"),
        ("omni-moderation-latest", "moderates"),
    ],
)
def test_a_name_says_what_a_model_does(model: str, does: str) -> None:
    assert other_purpose(SimpleNamespace(id=model)) == does


def test_what_the_upstream_says_of_its_models_counts_too() -> None:
    models = [
        SimpleNamespace(id="a", model_extra={"type": "embeddings"}),
        SimpleNamespace(id="b", model_extra={"capabilities": {"completion_chat": False}}),
        SimpleNamespace(id="c", model_extra={"capabilities": ["embedding"]}),
        SimpleNamespace(id="d", model_extra={"type": "llm", "capabilities": ["completion"]}),
    ]
    skipped = ["a is of type embeddings", "b does not chat", "c does not chat"]
    assert choice(models) == ("d", skipped)
    assert choice(models[:1]) == ("", skipped[:1])
