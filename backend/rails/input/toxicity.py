"""The toxicity rail: finds insults, threats and the like, by detoxify's classifiers.

The model loads on its own thread, from ``start`` or the first use on, and delays nobody. Until it
is loaded, or if there are no weights, ``check`` raises ``Unavailable`` at once and ``state`` says
why. A text longer than the model reads is judged as a whole, in overlapping windows.
"""

import asyncio
import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from cachetools import LRUCache

from backend.device import device
from backend.errors import Unavailable
from backend.ports import Part, Span
from backend.rails.input.batcher import Batcher
from backend.rails.input.toxicity_model import ToxicityModel, Window
from backend.settings import ToxicityRail as Settings

BATCH = 32  # windows in one forward pass
GATHER_MS = 3.0
# A long text is cut piece by piece, and has few windows waiting at a time. So others take their
# turns in between, and a text that is given up does not go on.
PIECE, OVERLAP = 20_000, 400  # characters
WAITING = 8  # windows
CACHED = 8192  # texts whose verdict is kept, because each question sends the conversation again
_SLOW_S = 20.0  # a load that takes longer is reported as a degradation
_RETRY_S = 300.0  # while the server runs, weights may arrive or the network come back
_GENERAL = "toxicity"


class ToxicityRail:
    """Judges each text as a whole, or window by window if it is longer than the model reads."""

    name = "toxicity"
    parts: frozenset[Part] = frozenset(("question", "conversation"))

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._model: ToxicityModel | None = None
        self._problem = ""
        self._began = 0.0
        self._loading: threading.Thread | None = None
        self._loaded = threading.Event()
        # Fast tokenizers keep state and must not be shared between threads.
        self._tokenizing = ThreadPoolExecutor(1, thread_name_prefix="toxicity-tokens")
        self._batcher: Batcher[Window, Mapping[str, float]] | None = None
        self._verdicts: LRUCache[bytes, tuple[Span, ...]] = LRUCache(CACHED)

    def start(self) -> None:
        """Begins to load, unless that was done or has begun. A failed load is tried again later."""
        if self._model is not None or (self._loading is not None and self._loading.is_alive()):
            return
        if self._problem and time.monotonic() - self._began < _RETRY_S:
            return
        self._began = time.monotonic()
        self._loaded.clear()
        # It is a daemon, so that no exit waits for a download.
        self._loading = threading.Thread(target=self._load, daemon=True, name="toxicity-load")
        self._loading.start()

    async def ready(self, timeout_s: float) -> str:
        """Waits until the load has ended or failed, and returns the ``state``."""
        self.start()
        await asyncio.to_thread(self._loaded.wait, timeout_s)
        return await self.state()

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """Raises ``Unavailable`` while there is no model, and never waits for one."""
        model = self._model
        if model is None:
            self.start()
            raise Unavailable(f"The toxicity rail is not ready: {await self.state()}.")
        try:
            return list(await asyncio.gather(*(self._judge(model, text) for text in texts)))
        except (RuntimeError, OSError) as error:  # torch: out of memory, a lost device
            raise Unavailable(f"The toxicity rail failed: {error}") from error

    async def state(self) -> str:
        if self._model is not None:
            return ""
        if self._problem:
            return self._problem
        waited = time.monotonic() - self._began
        if self._loading is not None and waited > _SLOW_S:
            return f"detoxify has been loading for {waited:.0f} s"
        return "loading"

    async def close(self) -> None:
        self._tokenizing.shutdown(wait=False, cancel_futures=True)
        if self._batcher is not None:
            self._batcher.close()

    def _load(self) -> None:
        settings = self._settings
        try:
            model = ToxicityModel.load(
                settings.model, settings.model_config, device(settings.device)
            )
            model.scores(model.windows("warm"))  # the first pass takes longer than all later ones
        except Exception as error:
            self._problem = str(error).rstrip(".")
        else:
            self._problem = ""
            self._model = model
        finally:
            self._loaded.set()

    async def _judge(self, model: ToxicityModel, text: str) -> tuple[Span, ...]:
        key = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        known = self._verdicts.get(key)
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        if self._batcher is None:
            self._batcher = Batcher(model.scores, _bucket, most=BATCH, gather_ms=GATHER_MS)
        spans = []
        for start in range(0, len(text), PIECE):
            piece = text[start : start + PIECE + OVERLAP]
            windows = await loop.run_in_executor(self._tokenizing, model.windows, piece)
            for first in range(0, len(windows), WAITING):
                some = windows[first : first + WAITING]
                scores = await asyncio.gather(*map(self._batcher.submit, some))
                spans += [
                    Span(start + window.start, start + window.end, kind)
                    for window, classes in zip(some, scores, strict=True)
                    if (kind := _kind(classes, self._settings.threshold))
                ]
        verdict = tuple(spans)
        self._verdicts[key] = verdict
        return verdict


def _bucket(window: Window) -> int:
    """Lengths between two powers of two share a pass, so at most half of it is padding."""
    return len(window.tokens).bit_length()


def _kind(scores: Mapping[str, float], threshold: float) -> str:
    """The most probable kind above the threshold, rather a particular one; empty if none is."""
    toxic = {name: score for name, score in scores.items() if score >= threshold}
    if not toxic:
        return ""
    particular = {name: score for name, score in toxic.items() if name != _GENERAL}
    if not particular:
        return _GENERAL
    return f"{_GENERAL}: {max(particular, key=lambda name: particular[name]).replace('_', ' ')}"
