"""Prompts at which engines failed, so that none of them ends engine after engine. Pure.

Nobody can tell a prompt that kills its engine from one that was there when the engine died. So it
is tried once more, elsewhere, and what fails twice is remembered for a while, by its hash.
"""

import hashlib
from collections import OrderedDict

import msgspec

from backend.ports import Prompt

FAILURES = 2  # of an engine, at the same prompt: once more than an accident


class Suspects:
    """Counts failures for ``keep_s`` seconds after the last; at most ``most`` prompts."""

    def __init__(self, keep_s: float = 300.0, most: int = 1000) -> None:
        self.keep_s = keep_s
        self._most = most
        self._failures: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # the newest last

    def poisonous(self, prompt: Prompt, now: float) -> bool:
        """Whether it has failed so often that it should not be tried."""
        # Nearly always nothing has failed, and then no prompt is hashed.
        return bool(self._failures) and self._count(_hash(prompt), now) >= FAILURES

    def failed(self, prompt: Prompt, now: float) -> None:
        key = _hash(prompt)
        count = self._count(key, now) + 1
        self._failures[key] = (count, now)
        self._failures.move_to_end(key)
        if len(self._failures) > self._most:
            self._failures.popitem(last=False)

    def answered(self, prompt: Prompt) -> None:
        """It was not the prompt's fault."""
        if self._failures:
            self._failures.pop(_hash(prompt), None)

    def _count(self, key: bytes, now: float) -> int:
        count, at = self._failures.get(key, (0, now))
        return count if now - at < self.keep_s else 0


def _hash(prompt: Prompt) -> bytes:
    """Of what an engine reads: not whose it is, nor how much of the answer there was already."""
    read = msgspec.msgpack.encode((prompt.messages, prompt.gap))
    return hashlib.blake2b(read, digest_size=16).digest()
