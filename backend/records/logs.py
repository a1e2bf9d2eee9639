"""How the log is written: as text for people, or as JSON lines for machines. It has no content.

Every process logs to standard error. An unexpected exception is logged by its type and where it was
raised, because its message may quote a question.
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

_RECORDS = ("glossator.answers", "glossator.audit")  # machines want every record of these


class Record(Struct, frozen=True, omit_defaults=True):
    """A structured message: ``log.info(record)``. In a text log it is its JSON."""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


class TextFormatter(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Escapes control characters: messages quote others' names, and terminals obey them."""
        return printable(super().format(record))

    def formatException(self, ei: Any) -> str:
        """The traceback without the message of the exception."""
        kind, _, raised = ei
        where = "".join(traceback.format_tb(raised))
        return f"Traceback (most recent call last):\n{where}{kind.__name__}"


class JsonFormatter(logging.Formatter):
    """One object per line: ``time``, ``level``, ``logger``, and the fields of a ``Record``."""

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
    """Configures the whole process; call it once, before anything is logged."""
    # ``sys.__stderr__``, because on Ray Serve replaces ``sys.stderr`` by a buffer of 1000 lines.
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(JsonFormatter() if how == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], force=True)
    if how == "json":
        for name in _RECORDS:
            logging.getLogger(name).setLevel(logging.INFO)
        # vLLM would write its own lines as text.
        os.environ.setdefault("VLLM_CONFIGURE_LOGGING", "0")
