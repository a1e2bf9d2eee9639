"""Traces: what a request went through, from the editor to the engine, under one trace id.

The backend and the language server share it, like the wire protocol, so it imports only the
standard library. These classes collect nothing and cost nothing; those in ``otlp`` collect.
A trace crosses processes as a W3C ``traceparent`` (https://www.w3.org/TR/trace-context, version
00). Spans hold names, times, counts and ids, never content.
"""

import re
from contextlib import AbstractContextManager, nullcontext

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_UNSEEN = nullcontext()


class Trace:
    """The trace of one request.

    ``traceparent`` is for the next process that works on the request. Here it is the client's own,
    handed on unchanged; empty if there was none, or it was not valid.
    """

    def __init__(self, traceparent: str = "") -> None:
        found = _TRACEPARENT.fullmatch(traceparent)
        self.traceparent = traceparent if found else ""
        self.id = found[1] if found else ""  # 32 hexadecimal digits

    def span(self, name: str) -> AbstractContextManager[None]:
        """Spans a part of the request, from the beginning of the block to its end."""
        return _UNSEEN

    def end(self, outcome: str, failed: bool = False, **attributes: str | int) -> None:
        """Call it when the request is over, after all of its spans."""


class Tracer:
    """Starts traces, one for each request."""

    def start(self, name: str, traceparent: str = "") -> Trace:
        """Goes on with the trace of ``traceparent``, if that is valid."""
        return Trace(traceparent)

    def close(self) -> None:
        """Sends the remaining spans. May block for seconds if nobody takes them."""
