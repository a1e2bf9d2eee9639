"""The error response to a well-formed request that cannot be answered."""

from msgspec import Struct

from backend.protocol import wire

# LSP 3.17; the message says why.
REQUEST_FAILED = -32803


class FailureData(Struct, frozen=True, rename="camel", omit_defaults=True):
    """``data`` of an error response with code -32803."""

    code: wire.Code
    retry_after_ms: float | None = None
