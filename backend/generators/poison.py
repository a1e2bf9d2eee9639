"""Remembers prompts at which engines failed, so that none kills one engine after another. Pure.

Nobody can tell a prompt that kills its engine from one that was only there when the engine died. So
it is tried once more on another engine. A prompt that fails twice is remembered by its hash for a
while.
"""

import hashlib

import msgspec
from cachetools import LRUCache

from backend.ports import Prompt

FAILURES = 2  # of engines at the same prompt; one could be an accident


class Suspects:
    """Counts failures until ``keep_s`` seconds after the last, for at most ``most`` prompts."""

    def __init__(self, keep_s: float = 300.0, most: int = 1000) -> None:
        self.keep_s = keep_s
        self._failures: LRUCache[bytes, tuple[int, float]] = LRUCache(most)

    def poisonous(self, prompt: Prompt, now: float) -> bool:
        """Whether the prompt has failed so often that it should not be tried."""
        # Nearly always nothing has failed, and then no prompt is hashed.
        return bool(self._failures) and self._count(_hash(prompt), now) >= FAILURES

    def failed(self, prompt: Prompt, now: float) -> None:
        key = _hash(prompt)
        count = self._count(key, now) + 1
        self._failures[key] = (count, now)

    def answered(self, prompt: Prompt) -> None:
        """Forgets the failures of a prompt, because they were not its fault."""
        if self._failures:
            self._failures.pop(_hash(prompt), None)

    def _count(self, key: bytes, now: float) -> int:
        count, at = self._failures.get(key, (0, now))
        return count if now - at < self.keep_s else 0


def _hash(prompt: Prompt) -> bytes:
    """The hash of the text that an engine reads, whoever asked and however far the answer was."""
    read = msgspec.msgpack.encode((prompt.messages, prompt.gap))
    return hashlib.blake2b(read, digest_size=16).digest()
