"""Custom requests over pygls: plain JSON comes in, clear JSON-RPC errors go out.

pygls turns untyped parameters into named tuples, and puts tracebacks, with paths of this machine,
into error replies. So all our requests go through this file.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from cattrs import Converter
from msgspec import Struct
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, default_converter

from backend.protocol.wire import Code, Failed
from lsp_server.client.client import BrokenAnswer, ClientError
from lsp_server.protocol.errors import REQUEST_FAILED, FailureData

log = logging.getLogger(__name__)

Params = TypeVar("Params", bound=Struct)


def converter() -> Converter:
    """The converter of pygls, but parameters of methods that it does not know stay plain JSON."""
    plain: Converter = default_converter()  # type: ignore[no-untyped-call]
    plain.register_structure_hook(
        JsonRPCRequestMessage,
        lambda message, _: JsonRPCRequestMessage(
            id=message["id"],
            method=message["method"],
            jsonrpc=message["jsonrpc"],
            params=message.get("params"),
        ),
    )
    plain.register_structure_hook(
        JsonRPCNotification,
        lambda message, _: JsonRPCNotification(
            method=message["method"], jsonrpc=message["jsonrpc"], params=message.get("params")
        ),
    )
    return plain


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns every exception into an error whose message is for the user, and
    logs unexpected ones.
    """
    try:
        yield
    except JsonRpcException:
        raise
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(f"Invalid parameters: {error}") from error
    except ClientError as error:
        code: Code = "internal" if isinstance(error, BrokenAnswer) else "unavailable"
        raise failure(Failed(id=None, seq=0, code=code, message=str(error))) from error
    except Exception as error:
        log.exception("a request failed unexpectedly")
        raise JsonRpcInternalError(
            "Glossator's language server failed on this request; its log says why."
        ) from error


def failure(failed: Failed) -> JsonRpcException:
    """The backend's refusal as a JSON-RPC error."""
    data = FailureData(code=failed.code, retry_after_ms=failed.retry_after_ms)
    return JsonRpcException(failed.message, code=REQUEST_FAILED, data=to_json(data))


def refused(message: str) -> JsonRpcException:
    """An error for a request that cannot be done, for a reason on this side."""
    return JsonRpcException(message, code=REQUEST_FAILED)


def parse(params: Any, kind: type[Params]) -> Params:
    """Raises ``msgspec.ValidationError``, which names the wrong member."""
    return msgspec.convert(params, kind)


def to_json(message: Struct) -> Any:
    """Plain values, for a JSON encoder that does not know msgspec."""
    return msgspec.to_builtins(message)


class QuietExpected(logging.Filter):
    """Keeps pygls from logging a traceback for error replies that are made on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], JsonRpcException))
