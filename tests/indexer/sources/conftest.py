"""A real web server with scripted pages."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Reply:
    """``drip`` sends a byte every so many seconds, without an end."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0


Page = Reply | bytes | Callable[[], Reply]


class Site:
    """``pages`` by path, ``reply`` makes one; ``asked`` has path, headers and time of requests."""

    reply = Reply

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.otherwise: Callable[[str], Reply] = lambda path: Reply(status=404)
        self.asked: list[tuple[str, dict[str, str], float]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the name is http.server's
                site.asked.append((self.path, dict(self.headers.items()), time.monotonic()))
                site.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        page = self.pages.get(handler.path)
        reply = (
            self.otherwise(handler.path)
            if page is None
            else (Reply(page) if isinstance(page, bytes) else page() if callable(page) else page)
        )
        etag = reply.headers.get("ETag")
        if etag and handler.headers.get("If-None-Match") == etag:
            reply = Reply(status=304)
        handler.send_response(reply.status)
        for name, value in {"Content-Type": reply.type, **reply.headers}.items():
            handler.send_header(name, value)
        length = 1_000_000 if reply.drip else len(reply.body)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        try:
            handler.wfile.write(reply.body)
            while reply.drip and not self._stopping.wait(reply.drip):
                handler.wfile.write(b" ")
        except OSError:
            handler.close_connection = True


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site.start()
    yield site
    site.stop()
