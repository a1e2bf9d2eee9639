"""Log lines that a machine reads, and what must not be in them."""

import json
import logging

import pytest

from backend.records.logs import JsonFormatter, Record, TextFormatter


class Counted(Record, frozen=True, omit_defaults=True):
    """A record."""

    kind: str
    lengths: tuple[int, ...] = ()


def formatted(message, *args, error=None, formatter=None):
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("glossator.x", logging.WARNING, "f.py", 1, message, args, info)
    return (formatter or JsonFormatter()).format(record)


def test_a_record_is_one_object_and_as_text_the_same_fields():
    line = Counted("pii", (4,))
    written = json.loads(formatted(line))
    assert written.pop("time").endswith("Z")
    assert written == {"level": "warning", "logger": "glossator.x", "kind": "pii", "lengths": [4]}
    assert str(line) == '{"kind":"pii","lengths":[4]}'


def test_a_message_is_one_line_whatever_is_in_it():
    text = formatted("closed: %s", 'a\n{"level":"forged"}')
    assert len(text.splitlines()) == 1
    assert json.loads(text)["message"] == 'closed: a\n{"level":"forged"}'


def test_an_exception_says_where_and_not_what():
    """It may quote what somebody asked."""
    with pytest.raises(KeyError) as caught:
        {}["my question"]
    written = formatted("request %s failed", "r", error=caught.value)
    assert "my question" not in written
    text = formatted("request %s failed", "r", error=caught.value, formatter=TextFormatter())
    assert "my question" not in text.replace('{}["my question"]', "")  # our own source line
    assert text.endswith("KeyError")
    assert "test_logs.py" in text
    assert json.loads(written)["exception"] == "KeyError"
    assert "test_logs.py" in json.loads(written)["raised"][-1]


def test_a_log_moves_no_terminal() -> None:
    """Names and addresses of others stand in messages."""
    record = logging.LogRecord("a", logging.INFO, "f", 1, "%s", ("x\x1b]0;evil\x07\x9b2Jy",), None)
    assert TextFormatter().format(record).endswith("a: xy")
    assert "\x9b" not in JsonFormatter().format(record)
