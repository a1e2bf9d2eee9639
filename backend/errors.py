"""Every error this backend raises on purpose, in one tree.

GlossatorError
├── BadFrame            the client sent what the protocol does not allow
│   └── TooLarge        … or more of it than the settings allow
├── Unauthorized        nobody that is known asks
├── Forbidden           from this web page nobody may
├── QuotaExceeded       this user has asked enough for now; says when to come back
├── UnknownModel        the model asked for is not served here
├── UnknownRequest      nothing to resume or cancel under this id
├── Unsupported         the model served here cannot do this
├── Blocked             a rail refused the text
├── Overloaded          shed by admission; says when to come back
├── DeadlineExceeded    nobody waits for the answer any more
├── Unavailable         a part of the backend is down
│   ├── EngineFailed    … the engine that was making the answer: perhaps because of the prompt
│   ├── UpstreamFailed  … the OpenAI-compatible server behind us, with its own words
│   └── Interrupted     … and what could be had of the answer does not fit its beginning
└── StartupFailed       cannot serve at all; the message says what to do

Foreign exceptions become one of these at the adapter that met them. ``code`` is what the
wire protocol says, ``status`` its HTTP equivalent (RFC 9110).
"""

from typing import ClassVar

from backend.protocol.wire import Code

_QUOTED = 400  # characters


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
    code: ClassVar[Code] = "bad_frame"
    status: ClassVar[int] = 400


class TooLarge(BadFrame):
    code: ClassVar[Code] = "too_large"
    status: ClassVar[int] = 413


class Unauthorized(GlossatorError):
    code: ClassVar[Code] = "unauthorized"
    status: ClassVar[int] = 401


class Forbidden(GlossatorError):
    code: ClassVar[Code] = "forbidden"
    status: ClassVar[int] = 403


class QuotaExceeded(GlossatorError):
    code: ClassVar[Code] = "quota"
    status: ClassVar[int] = 429


class UnknownModel(GlossatorError):
    code: ClassVar[Code] = "unknown_model"
    status: ClassVar[int] = 404


class UnknownRequest(GlossatorError):
    code: ClassVar[Code] = "unknown_request"
    status: ClassVar[int] = 404


class Unsupported(GlossatorError):
    code: ClassVar[Code] = "unsupported"
    status: ClassVar[int] = 501


class Blocked(GlossatorError):
    code: ClassVar[Code] = "blocked"
    status: ClassVar[int] = 403


class Overloaded(GlossatorError):
    code: ClassVar[Code] = "overloaded"
    status: ClassVar[int] = 429


class DeadlineExceeded(GlossatorError):
    code: ClassVar[Code] = "deadline"
    status: ClassVar[int] = 504


class Unavailable(GlossatorError):
    code: ClassVar[Code] = "unavailable"
    status: ClassVar[int] = 503


class EngineFailed(Unavailable):
    pass


class UpstreamFailed(Unavailable):
    code: ClassVar[Code] = "upstream"
    status: ClassVar[int] = 502


class Interrupted(Unavailable):
    pass


class StartupFailed(GlossatorError):
    pass


def clipped(error: Exception) -> str:
    """What a library says of what was sent: it may quote all of that."""
    text = str(error)
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED // 2]} … {text[-_QUOTED // 2 :]}"


def tree(root: type[GlossatorError] = GlossatorError) -> list[type[GlossatorError]]:
    """``root`` and everything below it, parents first. Ray makes subclasses of its own, at run
    time, of what crosses its processes: those are not in it."""
    ours = (child for child in root.__subclasses__() if child.__module__ == __name__)
    return [root, *(kind for child in ours for kind in tree(child))]


# A parent wins over a child that shares its code.
STATUS: dict[Code, int] = {kind.code: kind.status for kind in reversed(tree())}
