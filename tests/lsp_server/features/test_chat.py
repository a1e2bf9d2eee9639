"""The chat's memory, its mentions, and what is prepared before a question; scripted backend."""

import pytest

from backend.protocol.wire import Ask, Prepare
from lsp_server.context.excerpt import context_at
from lsp_server.context.surroundings import cursor
from lsp_server.documents.text import split_lines

SOURCE = "import numpy as np\n\n\ndef f(x):\n    return np.fft.rfft(x)\n"


@pytest.fixture
def answering(play, answer):
    """A backend that answers every question, and keeps what it was sent."""
    sent = []

    async def start():
        async def script(peer):
            while True:
                frame = await peer.receive(object)
                sent.append(frame)
                if isinstance(frame, Ask):
                    await peer.send(*answer(frame.id))

        backend = await play(script, script)
        backend.sent = sent
        return backend

    return start


async def call(editor, method, **params):
    return await editor.request(f"glossator/{method}", params or None)[1]


async def test_conversations_survive_a_restart(answering, open_editor):
    """Listed, shown with their citations, gone on with, deleted."""
    backend = await answering()
    first = await open_editor(backend.url)
    await first.chat("how do I\ninvert it?", "t", tabId="one")[1]
    await first.stop()

    editor = await open_editor(backend.url)
    [kept] = await call(editor, "conversations/list")
    assert (kept["tabId"], kept["title"], kept["turns"]) == ("one", "how do I invert it?", 2)
    shown = await call(editor, "conversations/get", tabId="one")
    assert [turn["role"] for turn in shown["turns"]] == ["user", "assistant"]
    assert shown["turns"][1]["citations"][0]["uri"] == "file:///f.py"
    await editor.chat("and back?", "t", tabId="one")[1]
    assert [turn.text for turn in backend.sent[-1].history] == ["how do I\ninvert it?", "one two"]
    assert await call(editor, "conversations/delete", tabId="one") is None
    assert await call(editor, "conversations/list") == []


async def test_a_command_and_mentions_say_what_goes_along(answering, open_editor, tmp_path):
    """The task, the named file, what the editor reports, and where to look."""
    (tmp_path / "lib.py").write_text("LIB = 1\n")
    backend = await answering()
    editor = await open_editor(backend.url, root=str(tmp_path))
    uri = (tmp_path / "app.py").as_uri()
    editor.open(uri, SOURCE)
    place = {"line": 4, "character": 20}
    problem = {"range": {"start": place, "end": place}, "message": "no n", "source": "mypy"}
    await editor.chat(
        "/tests like @file:lib.py for @symbol:f with @diagnostics, @docs:numpy and @file:gone.py",
        "t",
        textDocument={"uri": uri},
        cursorState=[{"position": place}],
        context={"diagnostics": [problem]},
    )[1]
    [ask] = backend.sent
    assert ask.task == "tests"
    assert ask.question.startswith("like @file:lib.py")
    assert ask.sources == ("package:numpy", "numpy")
    assert [file.text for file in ask.context.files] == [
        "LIB = 1\n",
        "def f(x):\n    return np.fft.rfft(x)\n",
    ]
    assert ask.context.remarks[0].message == "no n"
    assert ask.context.symbols == ("numpy.fft.rfft",)
    assert ask.context.scope == "def f(x)"
    partial = await editor.partial_results("t")
    assert partial[0] == {
        "kind": "notice",
        "about": "context",
        "message": "@file:gone.py is not in the workspace.",
    }


async def test_mentions_are_completed(answering, open_editor, tmp_path):
    """Commands, kinds, open files, imported packages, symbols of the document."""
    backend = await answering()
    editor = await open_editor(backend.url, root=str(tmp_path))
    uri = (tmp_path / "app.py").as_uri()
    editor.open(uri, SOURCE)
    editor.open((tmp_path / ".env").as_uri(), "TOKEN=1\n")

    async def labels(prefix):
        params = {"prefix": prefix, "textDocument": {"uri": uri}}
        return [each["label"] for each in await call(editor, "mentions", **params)]

    assert await labels("/") == ["/explain", "/optimize", "/docs", "/tests"]
    assert await labels("@file") == ["@file", "@file:app.py"]
    assert await labels("@docs:") == ["@docs:", "@docs:numpy"]
    assert await labels("@symbol:") == ["@symbol:", "@symbol:f"]
    assert await labels("@nothing") == []


async def test_only_the_newest_guess_is_prepared(answering, open_editor, tmp_path):
    """After a pause; the backend warms the very prefix that the question will have."""
    backend = await answering()
    editor = await open_editor(backend.url)
    await editor.status("ready")
    uri = (tmp_path / "app.py").as_uri()
    editor.open(uri, SOURCE)
    place = {"textDocument": {"uri": uri}, "cursorState": [{"position": {"line": 4}}]}
    for state in place["cursorState"]:
        state["position"]["character"] = 4
    for prompt in ("h", "ho", "how"):
        editor.client.protocol.notify("glossator/prepare", {"prompt": prompt, **place})
    await editor.until(lambda: backend.sent)
    await editor.chat("how?", "t", **place)[1]
    [prepared, ask] = backend.sent
    assert isinstance(prepared, Prepare)
    assert prepared.question == "how"
    assert prepared.context == ask.context


async def test_a_wrong_option_is_told_and_the_others_count(answering, open_editor):
    backend = await answering()
    editor = await open_editor(backend.url, hoverBudgetMs="soon", sources=["package:numpy"])
    await editor.until(lambda: editor.messages)
    assert "hoverBudgetMs" in editor.messages[0]
    await editor.chat("how?", "t")[1]
    assert backend.sent[-1].sources == ("package:numpy",)


def test_a_follow_up_keeps_the_excerpt_while_it_is_true():
    """A prompt that begins alike is answered sooner; an edit or another place takes a new one."""
    lines = split_lines("".join(f"line {n}\n" for n in range(100)))
    first = context_at("u", "text", lines, at := cursor(), budget=200)
    at.start.line = at.end.line = 10
    again = context_at("u", "text", lines, at, budget=200, before=first)
    assert (again.text, again.first_line) == (first.text, 1)
    at.start.line = at.end.line = 60
    moved = context_at("u", "text", lines, at, budget=200, before=first)
    assert "line 60\n" in moved.text
    at.start.line = at.end.line = 10
    lines[5] = "edited\n"
    edited = context_at("u", "text", lines, at, budget=200, before=first)
    assert "edited\n" in edited.text
