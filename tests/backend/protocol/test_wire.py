"""The wire protocol: what is encoded is decoded, and nothing else is."""

from typing import get_args

import msgspec
import pytest

from backend.protocol import wire

ONE_OF_EACH = [
    wire.Ask(id="r", question="q", context=wire.Context(uri="file:///a.py"), sources=()),
    wire.Prepare(id="r"),
    wire.Lookup(id="r", symbol="numpy.fft.rfft", packages=("numpy",)),
    wire.Complete(id="r", prefix="def f(", suffix=")"),
    wire.Cancel(id="r"),
    wire.Resume(id="r", after_seq=3),
    wire.Queued(id="r", seq=0, position=2),
    wire.Thinking(id="r", seq=2),
    wire.Admitted(id="r", seq=0, queue_ms=1.5, model="m"),
    wire.Citations(id="r", seq=1, citations=(wire.Citation(number=1, title="t", uri="u"),)),
    wire.Found(id="r", seq=0, entries=(wire.Entry(symbol="numpy.where", uri="u"),)),
    wire.Notice(id="r", seq=1, about="rails", message="m"),
    wire.Delta(id="r", seq=2, text="é\n"),
    wire.Finished(id="r", seq=3, reason="stop", usage=wire.Usage(), timings=wire.Timings()),
    wire.Failed(id=None, seq=0, code="internal", message="m"),
    wire.Status(degraded=("toxicity: no weights",)),
    wire.GoAway(reason="r"),
]


def test_there_is_an_example_of_every_frame():
    kinds = {*get_args(wire.ClientFrame), *get_args(wire.ServerFrame)}
    assert {type(frame) for frame in ONE_OF_EACH} == kinds


@pytest.mark.parametrize("frame", ONE_OF_EACH, ids=lambda frame: type(frame).__name__)
def test_a_frame_survives_the_wire(frame):
    client = isinstance(frame, wire.ClientFrame)
    decode = wire.decode_client if client else wire.decode_server
    assert decode(wire.encode(frame)) == frame


@pytest.mark.parametrize("text", ["", "{", "{}", '{"type":"ask","id":"r"}', '{"type":"delta"}'])
def test_what_is_no_client_frame_is_refused(text):
    with pytest.raises(msgspec.DecodeError):
        wire.decode_client(text)


def test_fields_of_a_newer_client_are_ignored():
    frame = wire.decode_client('{"type":"cancel","id":"r","because":"later versions say why"}')
    assert frame == wire.Cancel(id="r")


@pytest.mark.parametrize(("cited", "left"), [((2,), [2]), ((), []), (None, [1, 2])])
def test_the_sources_of_an_answer_are_the_citations_that_support_it(cited, left):
    citations = tuple(wire.Citation(number=number, title="t", uri="u") for number in (1, 2))
    end = wire.Finished("r", 3, "stop", wire.Usage(), wire.Timings(), cited)
    assert [each.number for each in wire.supporting(citations, end)] == left
