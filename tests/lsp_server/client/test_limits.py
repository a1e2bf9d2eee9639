"""What an editor adds to a question is cut to the protocol's limits before it is sent."""

import pytest

from backend.protocol import wire
from backend.protocol.wire import (
    Ask,
    Complete,
    Context,
    File,
    Lookup,
    Prepare,
    Remark,
    Selection,
    Turn,
)
from lsp_server.client.client import Client
from lsp_server.client.limits import FILES, LAST_LINE, NAME, SYMBOLS, TEXT, TURNS, within

HUGE = "a" * (TEXT + 7)
TURN = Turn("user", "t")
EVERYTHING = Context(
    uri="file:///" + "d/" * 9000 + "app.py",
    language="l" * 1000,
    text=HUGE,
    selection=Selection("chosen", 1, 1),
    packages=("p" * 300, *(f"p{number}" for number in range(2000))),
    symbols=tuple(f"s{number}" for number in range(2000)),
    versions={"long": "v" * 300} | {f"p{number}": "1" for number in range(2000)},
    scope="class Outer › " * 900 + "def inner()",
    remarks=(Remark(HUGE, LAST_LINE + 1, LAST_LINE + 1, HUGE, HUGE, HUGE),) * 2000,
    files=(File("u" * 9000, "f", "l" * 300),) * 60,
    diff=HUGE,
)


@pytest.mark.parametrize(
    "frame",
    [
        Ask(id="r", question="q", context=EVERYTHING, history=(TURN,) * 5000),
        Prepare(id="r", context=EVERYTHING, history=(Turn("user", HUGE),)),
        Lookup(id="r", symbol="s", packages=EVERYTHING.packages),
        Complete(id="r", prefix=HUGE, suffix=HUGE),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_whatever_the_editor_has_what_is_sent_is_a_frame(frame):
    cut = within(frame)
    assert wire.decode_client(wire.encode(cut)) == cut


def test_a_frame_within_the_limits_is_sent_as_it_is():
    context = Context("file:///a.py", "python", "x", packages=("numpy",), versions={"numpy": "2"})
    frame = Ask(id="r", question="q", context=context, history=(TURN,), sources=("package:a",))
    assert within(frame) == frame


def test_the_newest_turns_stay_and_names_are_left_out_rather_than_cut():
    turns = tuple(Turn("user", str(number)) for number in range(TURNS + 2))
    cut = within(Ask(id="r", question="q", context=EVERYTHING, history=turns))
    assert [cut.history[0].text, cut.history[-1].text] == ["2", str(TURNS + 1)]
    assert cut.context.packages[0] == "p0"
    assert "long" not in cut.context.versions
    assert cut.context.uri.endswith("/app.py")
    assert cut.context.scope.endswith("def inner()")
    assert len(cut.context.symbols) == SYMBOLS
    assert len(cut.context.files) == FILES
    assert len(cut.context.language) == NAME


def test_completion_keeps_what_is_next_to_the_cursor():
    cut = within(Complete(id="r", prefix=HUGE + "near", suffix="near" + HUGE))
    assert cut.prefix.endswith("near")
    assert cut.suffix.startswith("near")


def test_the_question_and_the_selection_are_never_cut():
    context = Context(uri="u", selection=Selection(HUGE, 1, 1))
    cut = within(Ask(id="r", question=HUGE, context=context))
    assert (cut.question, cut.context.selection.text) == (HUGE, HUGE)


async def test_the_client_cuts_what_it_sends(play, answer):
    async def script(peer):
        assert (await peer.receive(Prepare)).history == (TURN,) * TURNS
        assert (await peer.receive(Ask)).history == (TURN,) * TURNS
        await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(script)
    async with Client(backend.url) as client:
        await client.prepare(Prepare(id="p", history=(TURN,) * 5000))
        ask = Ask(id="r1", question="q", history=(TURN,) * 5000)
        assert [frame async for frame in client.ask(ask)] == answer("r1")
    await backend.played()
