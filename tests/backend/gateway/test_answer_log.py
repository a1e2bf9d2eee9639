"""One line for each answer that ended: everything about it but its content."""

import json
import logging
import re
from pathlib import Path

import msgspec

from backend.answering.answer import Answer
from backend.errors import QuotaExceeded
from backend.gateway.answer_log import Ended, ended, record
from backend.identity.caller import Caller
from backend.protocol.tracing import Trace
from backend.protocol.wire import (
    Admitted,
    Ask,
    Citation,
    Citations,
    Delta,
    Finished,
    Found,
    Lookup,
    Timings,
    Usage,
)

PAGE = Path(__file__).parents[3] / "docs" / "logs.md"
GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_finished_answer_is_told_with_its_times_tokens_and_dataset():
    answer = Answer("r", Caller("acme", "ada"))
    answer.trace = Trace(GIVEN)
    answer.emit(Admitted, queue_ms=1, model="coder")
    answer.emit(Citations, citations=(Citation(1, "t", "u"),), dataset="v7")
    answer.emit(Delta, text="secret")
    answer.emit(Finished, reason="length", usage=Usage(10, 4, 7), timings=Timings(ttft_ms=3))
    line = ended(Ask(id="r", question="secret", kind="help"), answer)

    assert (line.outcome, line.model, line.dataset, line.citations) == ("length", "coder", "v7", 1)
    assert (line.type, line.kind, line.task) == ("ask", "help", "answer")
    assert (line.usage.completion_tokens, line.timings.ttft_ms) == (7, 3)
    assert (line.tenant, line.trace) == ("acme", GIVEN[3:35])
    assert re.fullmatch(r"[0-9a-f]{16}", line.owner)
    assert "secret" not in str(line)
    assert "ada" not in str(line)


def test_a_refused_request_is_told_by_its_code():
    answer = Answer("r", Caller().or_guest("made up"))
    answer.fail(QuotaExceeded("enough for today", retry_after_ms=1))
    line = ended(Ask(id="r", question="q"), answer)
    assert (line.outcome, line.owner, line.usage, line.timings) == ("quota", "", None, None)
    assert line.total_ms >= 0


def test_a_look_up_is_told_too():
    answer = Answer("r")
    answer.emit(Found, entries=())
    line = ended(Lookup(id="r", symbol="secret"), answer)
    assert (line.type, line.outcome) == ("lookup", "found")
    assert "secret" not in str(line)


def test_nothing_is_written_unless_somebody_asked_for_it(caplog):
    answer = Answer("r")
    answer.emit(Found, entries=())
    with caplog.at_level(logging.WARNING, "glossator.answers"):
        record(Lookup(id="r", symbol="s"), answer)
    assert caplog.records == []
    with caplog.at_level(logging.INFO, "glossator.answers"):
        record(Lookup(id="r", symbol="s"), answer)
    assert json.loads(caplog.messages[0])["request"] == "r"


def test_the_page_in_the_docs_lists_every_field():
    rows = re.findall(r"^\| (`.+?) \|", PAGE.read_text(), re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(field.name for field in msgspec.structs.fields(Ended))
