"""Every error this backend raises on purpose, in one tree.

GlossatorError
├── BadFrame            the client sent what the protocol does not allow
│   └── TooLarge        … or more of it than the settings allow
├── Unauthorized        the caller is not known
│   ├── NoToken         … and sends no token
│   └── Expired         … any more: the token or the sign-in has ended
├── Forbidden           the caller may not ask here
│   ├── ForeignPage     … from the scripts of this web page
│   ├── UnknownTenant   … because the login is of no declared tenant
│   └── UnknownHost     … by the name that the client has for this server
├── QuotaExceeded       this user has used the quota; says when to come back
├── UnknownModel        this model is not served here
├── UnknownRequest      there is no request to resume under this id
├── Unsupported         the model served here cannot do this
├── Blocked             a rail refused the text
├── Overloaded          shed by admission; says when to come back
├── DeadlineExceeded    nobody waits for the answer any more
├── Unavailable         a part of the backend is down
│   ├── EngineFailed    … the engine that made the answer, perhaps because of the prompt
│   ├── UpstreamFailed  … the OpenAI-compatible server behind us, with its message
│   └── Interrupted     … and the answer could not be continued from its beginning
└── StartupFailed       the backend cannot serve; the message says what to do

Each adapter turns foreign exceptions into one of these. ``code`` is the code of the wire protocol,
and ``status`` its HTTP equivalent (RFC 9110).
"""

from typing import ClassVar

from backend.protocol.wire import Code

_QUOTED = 400  # characters


class GlossatorError(Exception):
    """The message is for the user. It says what happened, and what to do next."""

    code: ClassVar[Code] = "internal"
    status: ClassVar[int] = 500
    reason: ClassVar[str] = ""  # why a login is refused, for the log and the metrics

    def __init__(self, message: str, *, retry_after_ms: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_ms = retry_after_ms

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries (Ray handles), and the default would lose the keyword.
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
    reason: ClassVar[str] = "token"


class NoToken(Unauthorized):
    reason: ClassVar[str] = "no_token"


class Expired(Unauthorized):
    reason: ClassVar[str] = "expired"


class Forbidden(GlossatorError):
    code: ClassVar[Code] = "forbidden"
    status: ClassVar[int] = 403
    reason: ClassVar[str] = "forbidden"


class ForeignPage(Forbidden):
    reason: ClassVar[str] = "origin"


class UnknownTenant(Forbidden):
    reason: ClassVar[str] = "tenant"


class UnknownHost(Forbidden):
    reason: ClassVar[str] = "host"


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
    """A library's message about a client's input, shortened, because it may quote all of it."""
    text = str(error)
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED // 2]} … {text[-_QUOTED // 2 :]}"


def tree(root: type[GlossatorError] = GlossatorError) -> list[type[GlossatorError]]:
    """``root`` and all classes below it, parents first.

    Subclasses that Ray makes at run time, of errors that cross its processes, are left out.
    """
    ours = (child for child in root.__subclasses__() if child.__module__ == __name__)
    return [root, *(kind for child in ours for kind in tree(child))]


# A parent wins over a child that shares its code.
STATUS: dict[Code, int] = {kind.code: kind.status for kind in reversed(tree())}
