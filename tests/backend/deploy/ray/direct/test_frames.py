"""Frames between gateway and replica: cut from bytes as they come, refused when they are none."""

import struct

import pytest

from backend.deploy.ray.direct.frames import (
    Broken,
    Close,
    Done,
    Frames,
    Hello,
    Malformed,
    Open,
    Piece,
    Refused,
    broken,
    error_of,
    from_gateway,
    from_replica,
    packed,
)
from backend.errors import GlossatorError, Overloaded, TooLarge, tree
from backend.ports import Gap, Message, Prompt, Sampling, TextDelta
from indexer.types import Chunk, Passage

PROMPT = Prompt(
    (Message("system", "Explain."), Message("user", "näher 🙂")),
    question="why?",
    passages=(Passage(Chunk("docs", "a.md", "A", "text"), 0.5),),
    priority=3,
    cache_salt="acme",
    gap=Gap("before", "after"),
    begun=(1, 2),
)
ASKED = [Hello("s"), Open(7, "r", PROMPT, Sampling(stop=("x",))), Open(8, "w", PROMPT, None),
         Close(7)]  # fmt: skip
SAID = [Piece(7, TextDelta("tèxt", 2, (5, 6), 9, 4, "stop")), Done(8), Refused(9),
        Broken(7, "Overloaded", "full", 3.0)]  # fmt: skip


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize(("decoder", "sent"), [(from_gateway, ASKED), (from_replica, SAID)])
def test_frames_arrive_as_they_were_however_the_bytes_are_cut(decoder, sent, step):
    data = b"".join(packed(frame) for frame in sent)
    frames = Frames(decoder)
    found = [
        frame for at in range(0, len(data), step) for frame in frames.feed(data[at : at + step])
    ]
    assert found == sent


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", 1000),  # more than the limit: not even waited for
        struct.pack(">I", 3) + b"\xff\xff\xff",
        packed(Piece(1, TextDelta("of the other direction"))),
        struct.pack(">I", 0),
    ],
)
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(Malformed):
        list(Frames(from_gateway, largest=100).feed(data))


@pytest.mark.parametrize("kind", tree())
def test_each_error_of_ours_crosses_as_itself(kind):
    error = error_of(broken(1, kind("what to do", retry_after_ms=5.0)))
    assert type(error) is kind
    assert (error.message, error.retry_after_ms) == ("what to do", 5.0)


def test_a_defect_crosses_without_its_words():
    """They may quote a question."""
    error = error_of(broken(1, ValueError("the text of a question")))
    assert not isinstance(error, GlossatorError)
    assert "question" not in str(error)


def test_an_error_of_a_newer_replica_is_an_error_all_the_same():
    assert type(error_of(Broken(1, "InventedLater", "said"))) is GlossatorError
    assert issubclass(TooLarge, GlossatorError)
    assert issubclass(Overloaded, GlossatorError)
