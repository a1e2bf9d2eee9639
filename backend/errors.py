"""Every error this backend raises on purpose, in one tree.

GlossatorError
├── BadFrame            the client sent what the protocol does not allow
│   └── TooLarge        … or more of it than the settings allow
├── UnknownModel        the model asked for is not served here
├── UnknownRequest      nothing to resume or cancel under this id
├── Blocked             a rail refused the text
├── Overloaded          shed by admission; says when to come back
├── DeadlineExceeded    nobody waits for the answer any more
├── Unavailable         a part of the backend is down
│   └── UpstreamFailed  … the OpenAI-compatible server behind us, with its own words
└── StartupFailed       cannot serve at all; the message says what to do

Foreign exceptions become one of these at the adapter that met them. ``code`` is what the
wire protocol says, ``status`` its HTTP equivalent (RFC 9110).
"""

from typing import ClassVar

from backend.wire import Code


class GlossatorError(Exception):
    """The message is written for the user: what happened and what to do next."""

    code: ClassVar[Code] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, retry_after_ms: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_ms = retry_after_ms

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries (Ray handles); the default would lose the keyword.
        return _rebuild, (type(self), self.message, self.retry_after_ms)


def _rebuild(
    kind: type[GlossatorError], message: str, retry_after_ms: float | None
) -> GlossatorError:
    return kind(message, retry_after_ms=retry_after_ms)


class BadFrame(GlossatorError):
    code = "bad_frame"
    status = 400


class TooLarge(BadFrame):
    code = "too_large"
    status = 413


class UnknownModel(GlossatorError):
    code = "unknown_model"
    status = 404


class UnknownRequest(GlossatorError):
    code = "unknown_request"
    status = 404


class Blocked(GlossatorError):
    code = "blocked"
    status = 403


class Overloaded(GlossatorError):
    code = "overloaded"
    status = 429


class DeadlineExceeded(GlossatorError):
    code = "deadline"
    status = 504


class Unavailable(GlossatorError):
    code = "unavailable"
    status = 503


class UpstreamFailed(Unavailable):
    code = "upstream"
    status = 502


class StartupFailed(GlossatorError):
    pass
