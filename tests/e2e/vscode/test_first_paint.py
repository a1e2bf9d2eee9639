"""From Enter to the first painted character: what the plugin and the language server add.

The backend waits a known time before its first delta; the rest is ours: page, extension host,
language server, both pipes, drawing. Clocks are the machine's, so the way there and the way back
are told apart. Painting waits for the browser's next frame, at 60 a second 8 ms in the mean, so
the time until the page holds the text is told beside it. code-server puts one more websocket
between page and extension host than a desktop has. The figures are printed, not held to a limit.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from backend import wire
from backend.wire import Admitted, Ask, Delta, Finished

pytestmark = pytest.mark.editor

TTFT_S = 0.1
ANSWERS = 25
PAUSE_S = 0.4  # a user's: what was typed has been prepared by then

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
      const held = performance.now();
      requestAnimationFrame(() => {
        const channel = new MessageChannel();  // a task right after the frame was made
        channel.port1.onmessage = () => resolve(
          [asked, held, performance.now()].map((each) => performance.timeOrigin + each));
        channel.port2.postMessage(null);
      });
    });
    watching.observe(log, { childList: true, subtree: true, characterData: true });
  });
}"""


class Metronome:
    """A backend whose time to first token is known: it measures its own."""

    def __init__(self) -> None:
        self.asked_ms = 0.0  # since the epoch, as the page counts
        self.answered_ms = 0.0

    async def reply(self, frame: wire.ClientFrame) -> AsyncIterator[wire.ServerFrame]:
        if isinstance(frame, Ask):
            self.asked_ms = time.time() * 1000
            await asyncio.sleep(TTFT_S)
            yield Admitted(id=frame.id, seq=0, queue_ms=0, model="metronome")
            self.answered_ms = time.time() * 1000
            yield Delta(id=frame.id, seq=1, text="Tick.")
            usage, timings = wire.Usage(), wire.Timings()
            yield Finished(id=frame.id, seq=2, reason="stop", usage=usage, timings=timings)


async def test_the_share_of_plugin_and_server_in_the_first_paint(scripted, open_workbench, capsys):
    """Every first delta is painted; the shares of the path around the backend are printed."""
    metronome = Metronome()
    url = await scripted(metronome.reply)
    window = await open_workbench(url, {"a.py": "x = 1\n"})
    await window.open("a.py")
    chat = await window.chat()
    there, back, drawn = [], [], []
    for number in range(ANSWERS):
        await chat.prompt.fill(f"question {number}")
        await asyncio.sleep(PAUSE_S)
        await chat.frame.locator("body").evaluate(WATCH)
        await chat.prompt.press("Enter")
        asked, held, painted = await chat.frame.locator("body").evaluate("() => window.firstPaint")
        there.append(metronome.asked_ms - asked)
        back.append(held - metronome.answered_ms)
        drawn.append(painted - held)
        await chat.ended()
        await expect(chat.answer).to_contain_text("Tick.")
    whole = [sum(each) for each in zip(there, back, drawn, strict=True)]
    parts = {"to the backend": there, "back in the page": back, "painted": drawn, "sum": whole}
    with capsys.disabled():
        print(f"\nFrom Enter to the first painted character, {ANSWERS} answers, less the backend:")
        for name, times in parts.items():
            print(f"  {name:17} p50 {statistics.median(times):5.1f} ms, worst {max(times):5.1f} ms")
