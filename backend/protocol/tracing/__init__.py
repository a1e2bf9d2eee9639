"""Traces: what a request went through, from the editor to the engine, under one trace id.

Shared by the backend and the language server, as the wire protocol is; imports the standard
library alone. These classes collect nothing and cost nothing: ``otlp`` has those that do.
A trace crosses processes as a W3C ``traceparent`` (https://www.w3.org/TR/trace-context, version
00). Spans hold names, times, counts and ids, never content.
"""

import re
from contextlib import AbstractContextManager, nullcontext

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_UNSEEN = nullcontext()


class Trace:
    """The trace of one request.

    ``traceparent`` is for whoever goes on with the request elsewhere: here the client's own,
    handed on as it came. Empty: there is none, or it was not one.
    """

    def __init__(self, traceparent: str = "") -> None:
        found = _TRACEPARENT.fullmatch(traceparent)
        self.traceparent = traceparent if found else ""
        self.id = found[1] if found else ""  # 32 hexadecimal digits

    def span(self, name: str) -> AbstractContextManager[None]:
        """A part of the request, from the beginning of the block to its end."""
        return _UNSEEN

    def end(self, outcome: str, failed: bool = False, **attributes: str | int) -> None:
        """The request is over; nothing of it is spanned later."""


class Tracer:
    """Starts traces, one for each request."""

    def start(self, name: str, traceparent: str = "") -> Trace:
        """Goes on with the trace of ``traceparent``, where that is one."""
        return Trace(traceparent)

    def close(self) -> None:
        """Sends what was not sent yet. May block for seconds where nobody takes it."""
