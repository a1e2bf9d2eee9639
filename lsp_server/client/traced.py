"""Clients that trace their requests: the first span of an answer, which all others belong to.

A client is traced only when OpenTelemetry's standard variables name a collector (docs/tracing.md).
Otherwise the backend begins the trace.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from backend.protocol.tracing import Tracer
from backend.protocol.tracing.exporting import endpoint, tracer
from backend.protocol.wire import AnswerFrame, Delta, Failed, Request, outcome
from lsp_server.client.client import Client


def client(service: str, url: str, token: str = "", **options: Any) -> Client:
    """A client, traced if the environment says so. ``options`` go to ``Client``."""
    collector = endpoint()
    if not collector:
        return Client(url, token, **options)
    return TracedClient(tracer(service, collector, "client"), url, token, **options)


class TracedClient(Client):
    """Records a span for every request, from asking to the last frame that is read."""

    def __init__(self, tracer: Tracer, url: str, token: str = "", **options: Any) -> None:
        super().__init__(url, token, **options)
        self._tracer = tracer

    async def ask(self, ask: Request) -> AsyncGenerator[AnswerFrame, None]:
        trace = self._tracer.start(f"editor {ask.__struct_config__.tag}", ask.traceparent)
        started = time.monotonic()
        first_ms = 0
        frame: AnswerFrame | None = None
        try:
            asked = msgspec.structs.replace(ask, traceparent=trace.traceparent)
            async with aclosing(super().ask(asked)) as frames:
                async for frame in frames:
                    if isinstance(frame, Delta) and not first_ms:
                        first_ms = round((time.monotonic() - started) * 1000)
                    yield frame
        finally:
            ended = outcome(frame) if frame else "unanswered"
            trace.end(ended, isinstance(frame, Failed), request=ask.id, ttft_ms=first_ms)
