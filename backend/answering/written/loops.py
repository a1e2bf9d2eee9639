"""Notices when a model repeats itself without end, as small ones do. Pure.

vLLM can detect this itself, but compares tokens in Python at every step of the batch, and other
engines cannot. Here one search in a short text, at some deltas, is enough.
"""

_WINDOW = 1200  # characters of the answer that are looked at
_PROBE = 48  # the last characters, which a loop has said before
_EVERY = 64  # characters between two looks
_TIMES = 3
_LEAST = 300  # characters of repetition: a table may repeat a little
_LEAST_DATA = 600  # the same where no letter is repeated: rows of numbers are data


class Loops:
    """``feed`` what the model writes; true once it only repeats itself."""

    def __init__(self) -> None:
        self._window = ""
        self._new = 0

    def feed(self, text: str) -> bool:
        self._window = (self._window + text)[-_WINDOW:]
        self._new += len(text)
        if self._new < _EVERY:
            return False
        self._new = 0
        return self._repeats()

    def _repeats(self) -> bool:
        window = self._window
        before = window.rfind(window[-_PROBE:], 0, len(window) - 1)
        period = len(window) - _PROBE - before
        if before < 0 or len(window) < _LEAST:
            return False
        unit = window[-period:]
        least = _LEAST if any(map(str.isalpha, unit)) else _LEAST_DATA
        times = max(_TIMES, -(-least // period))
        return window.endswith(unit * times)
