"""What tracing costs a request: CPU time when nobody collects spans, and when all are exported.

    python -m loadtest.benchmarks.serving.tracing_cost

The spans are those that the gateway makes for one answer, with nothing between them. They are
exported to a receiver in another process, which answers at once. Encoding and sending count, in
whatever thread they run. Limits: there is no network and no TLS, and every request is sampled.
"""

import subprocess
import sys
import time
from collections.abc import Sequence

from backend.protocol.tracing import Tracer
from backend.protocol.tracing.exporting import tracer
from loadtest.benchmarks.command import Study

SPANS = ("admission", "rails.redact", "rails.judge", "retrieval", "prefill", "decode")
BATCH = 50  # requests; the exporter's queue holds 2,048 spans and drops any more
RECEIVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
"""


def _request(tracer: Tracer) -> None:
    trace = tracer.start("gateway ask")
    for name in SPANS:
        with trace.span(name):
            pass
    trace.end("stop", request="r", prompt_tokens=1, cached_tokens=0, completion_tokens=1)


def microseconds(tracer: Tracer, requests: int, pause_s: float) -> float:
    """CPU time of one request, with its export. Closes the tracer."""
    began = time.process_time()
    for number in range(requests):
        _request(tracer)
        if number % BATCH == BATCH - 1:
            time.sleep(pause_s)
    tracer.close()
    return 1e6 * (time.process_time() - began) / requests


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.number("--requests", 2000, "requests that are traced")
    requests = study.parse_args(given).requests
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    try:
        assert receiver.stdout is not None
        url = f"http://127.0.0.1:{int(receiver.stdout.readline())}/v1/traces"
        off = microseconds(Tracer(), requests, 0.0)
        on = microseconds(tracer("cost", url), requests, 0.2)
    finally:
        receiver.terminate()
        receiver.wait(10)
    print(f"{requests:,} requests of {len(SPANS) + 1} spans, CPU per request: "
          f"{off:.1f} us with nobody collecting, {on:.0f} us exported")  # fmt: skip


if __name__ == "__main__":
    main()
