"""What an operator sees of the requests, besides metrics."""

from typing import Annotated

from msgspec import Struct

from backend.settings.kinds import doc


class Observability(Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator sees of the requests, besides metrics (docs/tracing.md)."""

    otlp_endpoint: Annotated[
        str,
        doc(
            "Base URL of an OpenTelemetry collector (OTLP over HTTP), such as "
            "http://collector:4318; empty: what OTEL_EXPORTER_OTLP_ENDPOINT says, else no traces."
        ),
    ] = ""
