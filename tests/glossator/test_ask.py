"""`glossator ask` prints the words of an answer and nothing that a terminal obeys."""

import json
import re

import pytest

from backend.protocol.wire import (
    Admitted,
    Citation,
    Citations,
    Delta,
    Failed,
    Finished,
    Notice,
    Thinking,
    Timings,
    Usage,
)
from glossator import ask as asking

EVIL = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\rover\u202e"
HARMLESS = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]*")
FRAMES = [
    Admitted(id="r", seq=0, queue_ms=0, model=f"model{EVIL}"),
    Citations(
        id="r", seq=1, dataset=f"d{EVIL}",
        citations=(Citation(1, f"title{EVIL}", f"https://x.example/{EVIL}", version=EVIL),),
    ),
    Notice(id="r", seq=2, about="a", message=f"notice{EVIL}"),
    *(Delta(id="r", seq=3 + at, text=character) for at, character in enumerate(f"one {EVIL} two")),
    Finished(id="r", seq=99, reason="stop", usage=Usage(), timings=Timings()),
    Failed(id="r", seq=100, code="internal", message=f"failed{EVIL}"),
]  # fmt: skip


def test_no_sequence_of_an_answer_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """This also holds when the answer comes in single characters, and for titles, addresses and
    errors.
    """
    show = asking.Transcript()
    for frame in FRAMES:
        show(frame)
    said = capsys.readouterr()
    assert HARMLESS.fullmatch(said.out)
    assert HARMLESS.fullmatch(said.err)
    assert "one \nover two" in said.out
    assert "title" in said.out
    assert "ZXZpbA" not in said.out + said.err


def test_thinking_is_said_aside(capsys: pytest.CaptureFixture[str]) -> None:
    asking.Transcript()(Thinking(id="r", seq=0))
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == ("", "thinking")


def test_json_keeps_everything_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    for frame in FRAMES:
        asking._print_json(frame)
    lines = capsys.readouterr().out.splitlines()
    assert all(HARMLESS.fullmatch(line) for line in lines)
    assert json.loads(lines[2])["message"] == f"notice{EVIL}"
