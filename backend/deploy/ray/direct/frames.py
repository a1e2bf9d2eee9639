"""The messages between a gateway and a generator replica. Pure: bytes in, frames out.

A frame is msgpack after its length in four bytes, big-endian. ``stream`` is the number that the
gateway gave to one answer. Many streams share one connection.
"""

import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from backend.errors import GlossatorError, tree
from backend.ports import Prompt, Sampling, TextDelta

LARGEST = 64 * 2**20  # bytes of a frame, enough for the longest prompt of any model
_LENGTH = struct.Struct(">I")

Frame = TypeVar("Frame")


class Malformed(Exception):
    """Not a frame. The next frames cannot be found any more, so the connection must end."""


# -- from the gateway


class Hello(Struct, frozen=True, array_like=True, tag=0):
    """The first frame, with the replica's secret. The connection ends without it."""

    secret: str


class Open(Struct, frozen=True, array_like=True, tag=1):
    """Begins a stream.

    Without ``sampling``, the prompt is only warmed. Then one delta follows, which has no text and
    says what was read.
    """

    stream: int
    request_id: str
    prompt: Prompt
    sampling: Sampling | None


class Close(Struct, frozen=True, array_like=True, tag=2):
    """Nobody reads the stream any more; the replica aborts it."""

    stream: int


# -- from the replica


class Piece(Struct, frozen=True, array_like=True, tag=0):
    """The next delta of a stream, which ends with ``delta.finish``."""

    stream: int
    delta: TextDelta


class Done(Struct, frozen=True, array_like=True, tag=1):
    """The stream has ended without a last delta."""

    stream: int


class Refused(Struct, frozen=True, array_like=True, tag=2):
    """The replica is about to stop; the gateway asks another one."""

    stream: int


class Broken(Struct, frozen=True, array_like=True, tag=3):
    """The stream ended with an error. ``kind`` is our class, or empty for a defect."""

    stream: int
    kind: str
    message: str
    retry_after_ms: float | None = None


FromGateway = Hello | Open | Close


class Welcome(Struct, frozen=True, array_like=True, tag=4):
    """The answer to ``Hello``. A connection without it goes to a replica that is about to die: its
    kernel still takes connections for a moment.
    """


FromReplica = Piece | Done | Refused | Broken | Welcome

from_gateway: msgspec.msgpack.Decoder[FromGateway] = msgspec.msgpack.Decoder(FromGateway)
from_replica: msgspec.msgpack.Decoder[FromReplica] = msgspec.msgpack.Decoder(FromReplica)
_encoder = msgspec.msgpack.Encoder()
_KINDS = {kind.__name__: kind for kind in tree()}


def packed(frame: FromGateway | FromReplica) -> bytes:
    body = _encoder.encode(frame)
    return _LENGTH.pack(len(body)) + body


def broken(stream: int, error: Exception) -> Broken:
    if isinstance(error, GlossatorError):
        return Broken(stream, type(error).__name__, error.message, error.retry_after_ms)
    return Broken(stream, "", "")


def error_of(frame: Broken) -> Exception:
    """The error that was raised in the replica, as far as a gateway may know it."""
    if not frame.kind:
        return RuntimeError("The generator failed; the log of its replica says why.")
    kind = _KINDS.get(frame.kind, GlossatorError)
    return kind(frame.message, retry_after_ms=frame.retry_after_ms)


class Frames(Generic[Frame]):
    """Cuts the received bytes into frames of at most ``largest`` bytes."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[Frame], largest: int = LARGEST) -> None:
        self.largest = largest
        self._decoder = decoder
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete. Raises ``Malformed``.

        A frame is cut only after the one before was handled, which may change ``largest``.
        """
        data = self._rest + data if self._rest else data
        position = 0
        while len(data) - position >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, position)
            if length > self.largest:
                raise Malformed(f"a frame of {length} bytes, more than {self.largest}")
            begin = position + _LENGTH.size
            if len(data) - begin < length:
                break
            position = begin + length
            try:
                frame = self._decoder.decode(memoryview(data)[begin:position])
            except msgspec.MsgspecError as error:
                raise Malformed(str(error)) from None
            yield frame
        self._rest = data[position:]
