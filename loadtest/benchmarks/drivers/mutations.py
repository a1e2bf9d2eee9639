"""Frames as a broken or hostile client sends them: valid frames of every kind, damaged by flips,
cuts, wrong types and impossible values. Pure. The same seed gives the same frames.
"""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from backend.protocol import wire
from backend.protocol.wire import (
    Ask,
    Cancel,
    Complete,
    Context,
    File,
    Lookup,
    Prepare,
    Remark,
    Resume,
)

_CONTEXT = Context(
    uri="file:///signal.py", language="python", text="import numpy as np\n",
    selection=wire.Selection("np.fft.fft(data)", 3, 3), packages=("numpy",),
    symbols=("numpy.fft.fft",), versions={"numpy": "2.0"}, scope="def spectrum(data)",
    remarks=(Remark("slow", 1, 2, source="ruff"),), files=(File("file:///b.py", "x = 1"),),
    diff="-a\n+b\n",
)  # fmt: skip
_DEEPEST = 2000
_ALIEN: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, -1.5, 1e308, "", "\0", "x" * 300, "a\u202eb", [], {},
    [[]], {"type": "ask"},
)  # fmt: skip
_RAW = (
    b"1e999", b"-0", b"NaN", b"Infinity", b"01", b'"\\ud800"', b'"\\udc00abcdef"', b'"\\u0000"',
    b'"\\ud83d\\ude00"', b"9" * 5000, b'"\xff"',
)  # fmt: skip


def valid(number: int) -> tuple[wire.ClientFrame, ...]:
    """One frame of every kind. ``number`` is part of their ids."""
    name = f"fuzz-{number}"
    turn = wire.Turn("user", "what is rfft?")
    return (
        Ask(name, "what is rfft?", context=_CONTEXT, history=(turn,), sources=(), max_tokens=8),
        Prepare(name, "what is", context=_CONTEXT, history=(turn,), sources=()),
        Lookup(name, "numpy.fft.rfft", packages=("numpy",)),
        Complete(name, "def f(", "):", max_tokens=8),
        Cancel(name),
        Resume(name, 3),
    )


class Mutations:
    """An endless supply: a ``str`` is for a text frame, ``bytes`` are for a binary one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._number = 0
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._flip, self._cut, self._swap, self._swap, self._raw, self._deepen, self._double,
            self._retag, bytes,
        )  # fmt: skip

    def next(self) -> str | bytes:
        self._number += 1
        frame = msgspec.json.encode(self._random.choice(valid(self._number)))
        for _ in range(self._random.choice((1, 1, 2, 3))):
            frame = self._random.choice(self._ways)(frame)
        if self._random.random() < 0.02:
            return frame
        return frame.decode(errors="replace")

    def _flip(self, frame: bytes) -> bytes:
        flipped = bytearray(frame)
        for _ in range(self._random.randint(1, 4) if frame else 0):
            flipped[self._random.randrange(len(frame))] ^= 1 << self._random.randrange(8)
        return bytes(flipped)

    def _cut(self, frame: bytes) -> bytes:
        return frame[: self._random.randint(0, len(frame))]

    def _swap(self, frame: bytes) -> bytes:
        """A field gets the value of another field, or a senseless one."""
        return self._with_field(
            frame, lambda fields, name: self._random.choice((*_ALIEN, *fields.values()))
        )

    def _raw(self, frame: bytes) -> bytes:
        """A field gets a value that no JSON encoder writes."""
        marked = self._with_field(frame, lambda *_: "MARK")
        return marked.replace(b'"MARK"', self._random.choice(_RAW), 1)

    def _deepen(self, frame: bytes) -> bytes:
        depth = self._random.randint(1, _DEEPEST)
        opening, closing = self._random.choice(((b"[", b"]"), (b'{"a":', b"}")))
        marked = self._with_field(frame, lambda *_: "MARK")
        return marked.replace(b'"MARK"', opening * depth + b"0" + closing * depth, 1)

    def _double(self, frame: bytes) -> bytes:
        """Every key appears twice."""
        return frame[:-1] + b"," + frame[1:]

    def _retag(self, frame: bytes) -> bytes:
        other = msgspec.json.encode(self._random.choice(valid(self._number)))
        return frame.replace(b'"type":', b'"type":' + other[8:].partition(b",")[0] + b',"t":', 1)

    def _with_field(self, frame: bytes, value: Callable[[dict[str, Any], str], Any]) -> bytes:
        """Never raises. A frame that is not an object any more stays as it is."""
        try:
            fields = msgspec.json.decode(frame, type=dict[str, Any])
            inner = fields
            while nested := [held for held in inner.values() if isinstance(held, dict) and held]:
                if self._random.random() < 0.4:
                    break
                inner = self._random.choice(nested)
            if inner:
                name = self._random.choice(list(inner))
                inner[name] = value(fields, name)
            return msgspec.json.encode(fields)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return frame
