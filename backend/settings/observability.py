"""What an operator can see of requests, besides metrics."""

from typing import Annotated, Literal

from msgspec import Struct

from backend.settings.kinds import doc


class Observability(Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator can see of requests besides metrics (docs/tracing.md, docs/logs.md)."""

    otlp_endpoint: Annotated[
        str,
        doc(
            "Base URL of an OpenTelemetry collector (OTLP over HTTP), such as "
            "http://collector:4318. Empty: OTEL_EXPORTER_OTLP_ENDPOINT decides, else no traces."
        ),
    ] = ""
    log_format: Annotated[
        Literal["text", "json"],
        doc(
            "`text` has warnings for people. `json` has one JSON object per line, with one for "
            "each answer and each verdict of a rail, without content."
        ),
    ] = "text"
