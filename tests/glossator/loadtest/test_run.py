"""`glossator loadtest` where nothing can be measured: one clear error, in real runs."""

import http.server
import subprocess
import sys
import threading

import pytest


def loadtest(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "glossator", "loadtest", "--seconds", "2", "--users", "2",
         "--think", "0.05", "--log", str(folder), *arguments],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://", "nonsense", "ftp://host"])
def test_a_dead_address_is_one_error_without_a_traceback(tmp_path, url):
    done = loadtest("--url", url, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("api", ["websocket", "openai"])
def test_a_server_that_refuses_everything_fails_the_gate_and_the_cause_is_named(tmp_path, api):
    class Refusing(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = loadtest(
        "--url", f"http://127.0.0.1:{server.server_port}", "--api", api, "--slo", "ttft_p95<9s",
        folder=tmp_path,
    )  # fmt: skip
    server.shutdown()
    server.server_close()
    assert done.returncode == 3, done.stderr
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("Failed: ")]
    assert "requests: http 401" in line
    assert "Traceback" not in done.stderr
