"""Answers, hovers and kept conversations give an editor nothing to draw that leads anywhere."""

from backend.protocol.wire import (
    Admitted,
    Ask,
    Citation,
    Citations,
    Delta,
    Entry,
    Finished,
    Timings,
    Usage,
)
from lsp_server.features.hover import markdown

SOURCE = "https://docs.example.org/fft"
PIECES = ["See [1] and [it](", SOURCE, ").\n!", "[x](https://evil.example/?q=1) <im", "g src=x>\n",
          "```py\nx[0](a) <b>\n`", "``\n"]  # fmt: skip
SAFE = (
    f"See [1] and [it]({SOURCE}).\n!\\[x](https://evil.example/?q=1) \\<img src=x>\n"
    "```py\nx[0](a) <b>\n```\n"
)


def hostile(request_id):
    cited = (Citation(number=1, title="fft", uri=SOURCE),)
    deltas = [Delta(id=request_id, seq=2 + at, text=piece) for at, piece in enumerate(PIECES)]
    return [
        Admitted(id=request_id, seq=0, queue_ms=0, model="scripted"),
        Citations(id=request_id, seq=1, citations=cited, dataset="d"),
        *deltas,
        Finished(
            id=request_id, seq=2 + len(PIECES), reason="stop", usage=Usage(), timings=Timings()
        ),
    ]


async def test_an_answer_is_escaped_while_it_streams(play, open_editor):
    """Its deltas are what the whole is; code, citations and links to its sources are untouched.

    The model is shown its own words again, as it wrote them.
    """
    asks = []

    async def script(peer):
        for _ in range(2):
            asks.append(await peer.receive(Ask))
            await peer.send(*hostile(asks[-1].id))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url)
    for token in ("t1", "t2"):
        _, result = editor.chat("how?", token)
        partial = await editor.partial_results(token)
        deltas = [each["text"] for each in partial if each["kind"] == "delta"]
        assert "".join(deltas) == (await result)["text"] == SAFE
    assert asks[1].history[1].text == "".join(PIECES)


def test_a_hover_cannot_leave_its_fence_or_link_out():
    entry = Entry(
        "x](command:y)[", "file://host/share", "f()\n```\n![x](https://evil)", "![x](https://evil)",
        "````\n<img src=x>", 1, "package:x", "1",
    )  # fmt: skip
    text = markdown(entry, "py\n```")
    assert text.startswith("````\nf()\n```\n![x](https://evil)\n````\n\n!\\[x]")
    assert "`````\n````\n<img src=x>\n`````" in text
    assert text.endswith("x\\]\\(command:y\\)\\[ 1")
