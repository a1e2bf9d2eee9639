"""What is written to the log, and how: text for people, or JSON lines for machines. No content.

Standard error, in every process. An unexpected exception is its type and where it was raised: what
it says may quote a question.
"""

import datetime
import logging
import os
import sys
import traceback
from typing import Any, Literal

import msgspec
from msgspec import Struct

from indexer.screening.terminal import escaped, printable

Format = Literal["text", "json"]

_RECORDS = ("glossator.answers", "glossator.audit")  # of which machines want every line


class Record(Struct, frozen=True, omit_defaults=True):
    """A message that is a record: ``log.info(line)``. As text it is its JSON."""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


class TextFormatter(logging.Formatter):
    """As people read it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Names and addresses of others stand in messages, and a log is read in a terminal."""
        return printable(super().format(record))

    def formatException(self, ei: Any) -> str:
        """The traceback without what the exception says."""
        kind, _, raised = ei
        where = "".join(traceback.format_tb(raised))
        return f"Traceback (most recent call last):\n{where}{kind.__name__}"


class JsonFormatter(logging.Formatter):
    """One object a line; a ``Record``'s fields stand beside ``time``, ``level`` and ``logger``."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        written: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, Record):
            written |= msgspec.to_builtins(record.msg)
        else:
            written["message"] = record.getMessage()
        if record.exc_info and (error := record.exc_info[1]):
            written["exception"] = type(error).__name__
            written["raised"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
        return escaped(msgspec.json.encode(written).decode())


def configure(how: Format) -> None:
    """Of the whole process, once, before anything is logged."""
    # The process's own: on Ray, Serve puts a buffer of a thousand lines in the place of the other.
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(JsonFormatter() if how == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], force=True)
    if how == "json":
        for name in _RECORDS:
            logging.getLogger(name).setLevel(logging.INFO)
        # vLLM would write its own lines, as text.
        os.environ.setdefault("VLLM_CONFIGURE_LOGGING", "0")
