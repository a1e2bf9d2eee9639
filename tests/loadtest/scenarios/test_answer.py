"""What messages mean to a load test, whichever generator reads them."""

import msgspec
import pytest

from backend.protocol.wire import (
    Admitted,
    Citations,
    Delta,
    Failed,
    Finished,
    Timings,
    Usage,
    encode,
)
from loadtest.scenarios.answer import FramedAnswer, StreamedAnswer, session_url


def framed(*frames):
    answer = FramedAnswer()
    for frame in frames:
        assert answer.outcome is None
        answer.take(encode(frame))
    return answer


def streamed(*lines):
    answer = StreamedAnswer("m")
    answer.begin(200)
    for line in lines:
        answer.take(b"data: " + line + b"\n")
    answer.end()
    return answer


def test_a_finished_answer_has_its_text_its_times_and_what_the_server_says():
    answer = framed(
        Admitted("r", 0, 5.0, "tiny"),
        Citations("r", 1, (), dataset="d1"),
        Delta("r", 2, "one "),
        Delta("r", 3, "two"),
        Finished("r", 4, "stop", Usage(10, 4, 2), Timings(queue_ms=5.0, ttft_ms=20.0)),
    )
    sample = answer.sample("chat", users=3)
    assert (answer.text, sample.outcome, sample.model, sample.dataset) == (
        "one two", "finished", "tiny", "d1",
    )  # fmt: skip
    assert (sample.prompt_tokens, sample.cached_tokens, sample.completion_tokens) == (10, 4, 2)
    assert (sample.queue_s, sample.server_ttft_s) == (0.005, 0.02)
    assert len(sample.gaps_s) == 1
    assert 0 < sample.ttft_s <= sample.ttft_s + sample.gaps_s[0] <= sample.total_s


@pytest.mark.parametrize(("code", "outcome"), [("overloaded", "shed"), ("unavailable", "failed")])
def test_only_admission_sheds(code, outcome):
    answer = framed(Failed("r", 0, code, "Try later."))
    assert (answer.outcome, answer.code) == (outcome, code)
    assert "Try later." in answer.problem


def test_a_stream_ends_with_its_usage():
    text = b'{"choices": [{"delta": {"content": "yes"}}]}'
    usage = (
        b'{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, '
        b'"prompt_tokens_details": {"cached_tokens": 2}}}'
    )
    answer = streamed(text, usage, b"[DONE]")
    assert (answer.outcome, answer.text, answer.usage) == ("finished", "yes", Usage(3, 2, 1))
    assert streamed(text, b"[DONE]").code == "broken off"


@pytest.mark.parametrize(("status", "outcome"), [(429, "shed"), (503, "shed"), (500, "failed")])
def test_a_status_other_than_200_ends_the_answer(status, outcome):
    answer = StreamedAnswer("m")
    answer.begin(status, "too warm")
    answer.end()
    assert (answer.outcome, answer.code) == (outcome, f"http {status}")
    assert "too warm" in answer.problem


def test_an_error_in_the_stream_fails_the_answer():
    answer = streamed(b'{"error": {"code": "engine", "message": "it died"}}')
    assert (answer.outcome, answer.code) == ("failed", "engine")


def test_what_cannot_be_decoded_is_an_error_for_the_adapter():
    with pytest.raises(msgspec.DecodeError):
        FramedAnswer().take(b"{")
    with pytest.raises(msgspec.DecodeError):
        streamed(b"{")


def test_the_websockets_address_is_made_from_the_servers():
    assert session_url("https://host:1/") == "wss://host:1/v1/session"
