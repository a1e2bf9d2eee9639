"""`glossator ask` against the real engine."""

import signal
import subprocess
import sys


async def test_ctrl_c_stops_the_answer_in_the_engine_and_exits_130(backend):
    asking = subprocess.Popen(
        [sys.executable, "-m", "glossator", "ask", "go on and on", "--url", backend.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        await backend.until(backend.engine_is_busy, "the engine runs the request")
        asking.send_signal(signal.SIGINT)
        _, said = asking.communicate(timeout=60)
    finally:
        asking.kill()

    assert asking.returncode == 130
    assert "Stopped." in said
    await backend.until(backend.engine_is_idle, "the engine runs nothing")
