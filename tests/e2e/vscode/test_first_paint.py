"""From Enter to the first painted character: what the plugin and the language server add.

The backend waits a known time before its first delta; the rest is ours: page, extension host,
language server, both pipes, drawing. Painting waits for the browser's next frame, at 60 a second
8 ms in the mean, so the time until the page holds the text is told beside it. code-server puts one
more websocket between page and extension host than a desktop has. Timed on a busy machine; the
figures are printed, not held to a limit.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect
from websockets.asyncio.server import ServerConnection, serve

from backend import wire
from backend.wire import Admitted, Ask, Delta, Finished

pytestmark = pytest.mark.editor

TTFT_S = 0.1
ANSWERS = 25

WATCH = """() => {
  const log = document.getElementById("transcript");
  const before = log.children.length;
  window.firstPaint = new Promise((resolve) => {
    let asked;
    document.getElementById("prompt").addEventListener(
      "keydown", (event) => { asked = event.timeStamp; }, { capture: true, once: true });
    const watching = new MutationObserver(() => {
      const body = log.children.length > before && log.lastElementChild.querySelector(".body");
      if (!body || !log.lastElementChild.matches(".assistant") || body.textContent === "") return;
      watching.disconnect();
      const held = performance.now() - asked;
      requestAnimationFrame(() => {
        const channel = new MessageChannel();  // a task right after the frame was made
        channel.port1.onmessage = () => resolve([held, performance.now() - asked]);
        channel.port2.postMessage(null);
      });
    });
    watching.observe(log, { childList: true, subtree: true, characterData: true });
  });
}"""


class Metronome:
    """A backend whose time to first token is known: it measures its own."""

    def __init__(self) -> None:
        self.ttfts_ms: list[float] = []
        self.url = ""

    async def serve(self, socket: ServerConnection) -> None:
        async for message in socket:
            asked = time.perf_counter()
            ask = wire.decode_client(message)
            if isinstance(ask, Ask):
                await asyncio.sleep(TTFT_S)
                admitted = Admitted(id=ask.id, seq=0, queue_ms=0, model="metronome")
                await socket.send(wire.encode(admitted))
                self.ttfts_ms.append((time.perf_counter() - asked) * 1000)
                await socket.send(wire.encode(Delta(id=ask.id, seq=1, text="Tick.")))
                await socket.send(
                    wire.encode(
                        Finished(
                            id=ask.id, seq=2, reason="stop",
                            usage=wire.Usage(), timings=wire.Timings(),
                        )
                    )
                )  # fmt: skip


@pytest.fixture
async def metronome() -> AsyncIterator[Metronome]:
    backend = Metronome()
    async with serve(
        backend.serve, "127.0.0.1", 0, subprotocols=[wire.SUBPROTOCOL], close_timeout=1
    ) as server:
        backend.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield backend


async def test_the_share_of_plugin_and_server_in_the_first_paint(metronome, open_workbench, capsys):
    """Every first delta is painted; the shares of the path around the backend are printed."""
    window = await open_workbench(metronome.url, {"a.py": "x = 1\n"})
    await window.open("a.py")
    chat = await window.chat()
    held, painted = [], []
    for number in range(ANSWERS):
        await chat.prompt.fill(f"question {number}")
        await asyncio.sleep(0.4)  # a user's pause: what was typed has been prepared
        await chat.frame.locator("body").evaluate(WATCH)
        await chat.prompt.press("Enter")
        times = await chat.frame.locator("body").evaluate("() => window.firstPaint")
        held.append(times[0] - metronome.ttfts_ms[-1])
        painted.append(times[1] - metronome.ttfts_ms[-1])
        await chat.ended()
        await expect(chat.answer).to_contain_text("Tick.")
    assert len(metronome.ttfts_ms) == ANSWERS
    with capsys.disabled():
        print(
            f"\nEnter to first character, less the backend's {TTFT_S * 1000:.0f} ms, "
            f"{ANSWERS} answers: in the page p50 {statistics.median(held):.1f} ms, "
            f"painted p50 {statistics.median(painted):.1f} ms, worst {max(painted):.1f} ms"
        )
