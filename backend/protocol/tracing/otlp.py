"""Exports traces over OTLP/HTTP by OpenTelemetry's SDK, which only this module imports.

The SDK reads its other standard variables itself: headers, certificates, timeouts, sampling
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from opentelemetry import trace as api
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from backend.protocol.tracing import Trace, Tracer

_KINDS = {"client": api.SpanKind.CLIENT, "server": api.SpanKind.SERVER}
_propagator = TraceContextTextMapPropagator()


class OtlpTracer(Tracer):
    """It is not the global tracer of the process, because vLLM sets that to its own."""

    def __init__(self, service: str, url: str, role: Literal["client", "server"]) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._sdk = self._provider.get_tracer("glossator")
        self._kind = _KINDS[role]

    def start(self, name: str, traceparent: str = "") -> Trace:
        parent = _propagator.extract({"traceparent": traceparent}, Context())
        return _OtlpTrace(self._sdk, self._sdk.start_span(name, parent, self._kind))

    def close(self) -> None:
        self._provider.shutdown()


class _OtlpTrace(Trace):
    """One span for the request, and child spans for its parts."""

    def __init__(self, sdk: api.Tracer, whole: api.Span) -> None:
        carrier: dict[str, str] = {}
        self._sdk = sdk
        self._whole = whole
        # Contexts are handed on and never attached, because the task of an answer has no parent.
        self._within = api.set_span_in_context(whole, Context())
        _propagator.inject(carrier, self._within)
        super().__init__(carrier["traceparent"])

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        span = self._sdk.start_span(name, self._within)
        try:
            yield  # an exception may quote content, so it is not recorded
        finally:
            span.end()

    def end(self, outcome: str, failed: bool = False, **attributes: str | int) -> None:
        known = {f"glossator.{name}": value for name, value in attributes.items()}
        self._whole.set_attributes(known | {"glossator.outcome": outcome})
        if failed:
            self._whole.set_status(api.StatusCode.ERROR, outcome)
        self._whole.end()
