"""From Enter in VS Code's chat to the first character in its page, and to its being painted.

The workbench runs in a browser (code-server), with the packaged extension and the real language
server. Two parts of the path are not ours and are measured separately:

- echo: from a key in the chat's page to the extension and back, with nothing in between. This is
  VS Code's own path for keys and messages. With code-server it includes a websocket between browser
  and extension host. A desktop VS Code has no such websocket, so its echo is shorter.
- frame: the browser paints the page with its next frame, which at 60 frames a second is 8 ms later
  on average. There is no graphics card here.

Both ends read the same machine's clock, so the way there and the way back can be told apart.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, expect

from loadtest.benchmarks.editors.code_server import EXTENSION
from loadtest.benchmarks.editors.known import KnownGenerator, marker
from loadtest.benchmarks.editors.workbench import Chat, Workbench

WARM_UP = 5
PAUSE_S = 0.4  # of a user; by then what was typed has been prepared

# A page may take its connection to the extension only once. This keeps it for `ECHO`.
KEEP_CONNECTION = """{
  let acquire;
  Object.defineProperty(globalThis, "acquireVsCodeApi", {
    configurable: true,
    get: () => acquire && (() => (globalThis.connection = acquire())),
    set: (given) => { acquire = given; },
  });
}"""

# The extension answers `ready` at once, from what it already knows.
ECHO = """() => {
  window.echo = new Promise((resolve) => {
    document.getElementById("prompt").addEventListener("keydown", (event) => {
      const answered = () => resolve(performance.now() - event.timeStamp);
      window.addEventListener("message", answered, { once: true });
      window.connection.postMessage({ type: "ready" });
    }, { capture: true, once: true });
  });
}"""

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


@dataclass(frozen=True, slots=True)
class Share:
    """How the time of one question divides, in ms."""

    outward: float
    """From Enter to the question at the backend."""
    back: float
    """From the first token at the backend to the text in the page."""
    frame: float
    """From the text in the page to the frame that shows it."""
    echo: float
    """From another key to an empty answer of the extension in the page."""

    @property
    def ours(self) -> float:
        """What plugin and language server add, without VS Code's own messages and frame."""
        return self.outward + self.back - self.echo


def installed() -> bool:
    return EXTENSION.exists()


async def measure(browser: Browser, address: str, rounds: int, ttft_s: float) -> list[Share]:
    """Measures each round in a window of the code-server at ``address``."""
    with tempfile.TemporaryDirectory() as folder:
        async with KnownGenerator(ttft_s).serving() as generator:
            settings = {"glossator.url": generator.url}
            files = {"signal.py": "import numpy\n\nx = numpy.ones(1024)\n" * 100}
            window = await Workbench.start(
                browser, address, Path(folder), files, settings, KEEP_CONNECTION
            )
            try:
                await window.open("signal.py")
                await window.ready()
                chat = await window.chat()
                shares = [
                    await _ask(chat, generator, number) for number in range(1, WARM_UP + rounds + 1)
                ]
            finally:
                await window.stop()
    return shares[WARM_UP:]


async def _ask(chat: Chat, generator: KnownGenerator, number: int) -> Share:
    body = chat.frame.locator("body")
    await body.evaluate(ECHO)
    await chat.prompt.press("x")
    echo = await body.evaluate("() => window.echo")
    await chat.prompt.fill(f"question {number}")
    await asyncio.sleep(PAUSE_S)
    await body.evaluate(WATCH)
    await chat.prompt.press("Enter")
    asked, held, painted = await body.evaluate("() => window.firstPaint")
    await chat.ended()
    await expect(chat.answer).to_contain_text(marker("last", number))
    return Share(
        outward=1000 * generator.asked_at[-1] - asked,
        back=held - 1000 * generator.answered_at[-1],
        frame=painted - held,
        echo=echo,
    )
