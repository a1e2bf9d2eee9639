"""Fetches one page at a time: within limits, only if it changed, and
without following redirects.
"""

import ssl
import time
import zlib
from dataclasses import dataclass
from typing import Self

import httpcore

from indexer.readers.page import Unreadable, inflated
from indexer.sources.web.network import CheckedBackend, Refused
from indexer.sources.web.robots import AGENT

PAGE_S = 60.0  # for one page, from connecting to the last byte
_READ_S = 20.0


class Unreachable(Exception):
    """A page that may be available later: there was no connection, or the server failed."""


@dataclass(frozen=True, slots=True)
class Response:
    """With ``status`` 304 there is no body, because the page has not changed."""

    status: int
    body: bytes = b""
    type: str = ""  # media type in lower case, without parameters
    etag: str = ""
    modified: str = ""
    location: str = ""
    retry_after_s: float = 0.0


class Fetcher:
    """Connections to one site. Leave the ``with`` block to close them."""

    def __init__(self, *, private: bool) -> None:
        self._backend = CheckedBackend(private=private)
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=1,
            network_backend=self._backend,
        )

    def get(self, url: str, limit: int, *, etag: str = "", modified: str = "") -> Response:
        """Raises ``Unreadable`` when the body exceeds ``limit`` bytes or the address is refused,
        and ``Unreachable`` when there is no answer.
        """
        headers = [
            ("User-Agent", f"{AGENT}/1.0 (documentation indexer)"),
            ("Accept", "text/html, text/markdown, text/plain, application/xml, */*;q=0.1"),
            ("Accept-Encoding", "gzip"),
        ]
        if etag:
            headers.append(("If-None-Match", etag))
        if modified:
            headers.append(("If-Modified-Since", modified))
        self._backend.deadline = time.monotonic() + PAGE_S
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), _READ_S)
        try:
            with self._pool.stream(
                "GET", url, headers=headers, extensions={"timeout": timeout}
            ) as response:
                return _response(response, limit)
        except Refused as error:
            raise Unreadable(str(error)) from error
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise Unreachable("no answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            raise Unreachable(f"no answer: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.close()


def _response(response: httpcore.Response, limit: int) -> Response:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    body = bytearray()
    if response.status == 200:
        for part in response.iter_stream():
            body += part
            if len(body) > limit:
                raise Unreadable(f"larger than {limit:,} bytes")
    return Response(
        status=response.status,
        body=_decoded(bytes(body), headers.get("content-encoding", ""), limit),
        type=headers.get("content-type", "").partition(";")[0].strip().lower(),
        etag=headers.get("etag", ""),
        modified=headers.get("last-modified", ""),
        location=headers.get("location", ""),
        retry_after_s=_seconds(headers.get("retry-after", "")),
    )


def _decoded(body: bytes, encoding: str, limit: int) -> bytes:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding in {"gzip", "x-gzip"}:
        return inflated(body, limit)
    if encoding == "deflate":
        zlib_header = body[:1] == b"\x78"
        return inflated(body, limit, wbits=zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)
    raise Unreadable(f"encoded as {encoding}, which was not asked for")


def _seconds(value: str) -> float:
    return min(float(value), 3600.0) if value.strip().isdigit() and len(value) < 9 else 0.0
