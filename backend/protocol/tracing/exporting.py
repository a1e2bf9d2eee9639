"""Decides whether traces are collected, and where, without OpenTelemetry's SDK."""

import logging
import os
from collections.abc import Mapping
from typing import Literal

from backend.protocol.tracing import Tracer

log = logging.getLogger(__name__)

_PATH = "/v1/traces"  # OTLP/HTTP, section "OTLP/HTTP Request" of its specification 1.0

Role = Literal["client", "server"]


def endpoint(configured: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """The URL to which spans are posted; empty when there is none.

    ``configured`` is the base URL of a collector. Without it, OpenTelemetry's standard variables
    decide.
    """
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    base = configured or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    exact = "" if configured else environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
    return exact or (base.rstrip("/") + _PATH if base else "")


def tracer(service: str, url: str, role: Role = "server") -> Tracer:
    """A tracer that exports to ``url`` from its own thread, or collects nothing without a URL.

    ``service`` is the name on the spans, unless OTEL_SERVICE_NAME has another. It never raises,
    because no answer may depend on its trace.
    """
    if not url:
        return Tracer()
    try:
        from backend.protocol.tracing.otlp import OtlpTracer
    except ImportError as error:
        log.warning("traces are not exported (%s): install `glossator[tracing]`", error)
        return Tracer()
    return OtlpTracer(os.environ.get("OTEL_SERVICE_NAME", service), url, role)
