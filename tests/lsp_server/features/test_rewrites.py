"""Code actions and rewrites, as an editor sees them; the backend is scripted."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from pygls.exceptions import JsonRpcException

from backend.protocol.wire import Admitted, Ask, Citations, Delta, Finished, Timings, Usage

SOURCE = """\
def double(xs):
    result = []
    for x in xs:
        result.append(x * 2)
    return result


def other():
    pass
"""
BETTER = "Like this:\n```python\ndef double(xs):\n    return [x * 2 for x in xs]\n```\nShorter.\n"
WORSE = "```python\ndef doubled(xs):\n    return [x * 2 for x in xs]\n```\nRenamed.\n"


def position(line, character=0):
    return {"line": line, "character": character}


def selection(first, after):
    return {"start": position(first), "end": position(after)}


@pytest.fixture
def uri(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    return (tmp_path / "double.py").as_uri()


@pytest.fixture
def answering(play):
    """``answering(text, model)`` starts a backend that answers every question so."""
    asks = []

    async def start(text, model="coder", reason="stop"):
        async def script(peer):
            while True:
                ask = await peer.receive(Ask)
                asks.append(ask)
                pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
                await peer.send(
                    Admitted(id=ask.id, seq=0, queue_ms=0, model=model),
                    Citations(id=ask.id, seq=1, citations=()),
                    *(Delta(ask.id, seq, piece) for seq, piece in enumerate(pieces, start=2)),
                    Finished(ask.id, len(pieces) + 2, reason, Usage(), Timings()),
                )

        backend = await play(script)
        backend.asks = asks
        return backend

    return start


def rewrite(uri, kind="optimize", version=1, first=0, after=5, **more):
    document = {"uri": uri, "version": version}
    return {
        "kind": kind,
        "textDocument": document,
        "range": selection(first, after),
        "partialResultToken": "r",
        **more,
    }


async def test_a_rewrite_streams_is_checked_and_accepted(answering, open_editor, uri):
    """Evidence, prose and code apart; nothing is applied before it is accepted, with a version."""
    backend = await answering(BETTER)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    _, response = editor.request("glossator/rewrite", rewrite(uri))
    result = await response
    partial = await editor.partial_results("r")
    [evidence] = [each for each in partial if each["kind"] == "evidence"]
    assert [each["code"] for each in evidence["findings"]] == ["PERF401"]
    code = "".join(each["text"] for each in partial if each["kind"] == "code")
    prose = "".join(each["text"] for each in partial if each["kind"] == "delta")
    assert code == result["code"] == "def double(xs):\n    return [x * 2 for x in xs]\n"
    assert prose.split() == ["Like", "this:", "Shorter."]
    assert result["applicable"] is True
    assert [each["newText"] for each in result["hunks"]] == ["    return [x * 2 for x in xs]\n"]
    [ask] = backend.asks
    assert (ask.kind, ask.task) == ("optimize", "optimize")
    assert ask.context.remarks[0].code == "PERF401"
    assert "[x * 2 for x in xs]" in ask.context.remarks[0].fix
    assert editor.edits == []

    _, response = editor.request("glossator/accept", {"id": result["id"]})
    assert await response == {"applied": True, "accepted": [0], "reason": ""}
    [edit] = editor.edits
    [change] = edit.document_changes
    assert change.text_document.version == 1
    assert change.edits[0].new_text == "    return [x * 2 for x in xs]\n"


async def test_typing_elsewhere_moves_the_edit_and_typing_inside_forbids_it(
    answering, open_editor, uri
):
    """Stale edits are never applied blindly."""
    backend = await answering(BETTER)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    _, response = editor.request("glossator/rewrite", rewrite(uri))
    proposal = (await response)["id"]
    editor.type(uri, 2, 0, 0, "import os\n")
    _, response = editor.request("glossator/accept", {"id": proposal, "hunks": [0]})
    assert (await response)["applied"] is True
    [change] = editor.edits[0].document_changes
    assert change.text_document.version == 2
    assert change.edits[0].range.start.line == 2

    _, response = editor.request("glossator/rewrite", rewrite(uri, version=2, first=1, after=6))
    proposal = (await response)["id"]
    editor.type(uri, 3, 2, 4, "x")
    _, response = editor.request("glossator/accept", {"id": proposal})
    refused = await response
    assert refused["applied"] is False
    assert "changed meanwhile" in refused["reason"]
    assert len(editor.edits) == 1


async def test_what_the_editor_does_not_apply_is_not_accepted(answering, open_editor, uri):
    """It can be tried again."""
    backend = await answering(BETTER)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    editor.applies = False
    _, response = editor.request("glossator/rewrite", rewrite(uri))
    proposal = (await response)["id"]
    _, response = editor.request("glossator/accept", {"id": proposal})
    refused = await response
    assert refused["applied"] is False
    assert refused["accepted"] == []
    assert refused["reason"]


async def test_a_rewrite_that_fails_the_check_can_only_be_shown(answering, open_editor, uri):
    """Unless the linter has fixes of its own: then these are offered, with what failed."""
    backend = await answering(WORSE)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    _, response = editor.request("glossator/rewrite", rewrite(uri, "document"))
    result = await response
    assert result["applicable"] is False
    assert result["problems"] == ["`double` is gone."]
    assert result["hunks"] == []
    _, response = editor.request("glossator/accept", {"id": result["id"]})
    assert (await response)["applied"] is False

    _, response = editor.request("glossator/rewrite", rewrite(uri))
    result = await response
    assert result["applicable"] is True
    assert "failed its check (`double` is gone.)" in result["text"]
    assert "[x * 2 for x in xs]" in result["code"]


async def test_who_gives_instructions_may_rename_and_is_told(answering, open_editor, uri):
    backend = await answering(WORSE)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    _, response = editor.request("glossator/rewrite", rewrite(uri, "rewrite", instruction="rename"))
    result = await response
    assert result["applicable"] is True
    assert result["text"].startswith("`double` is gone.")
    assert backend.asks[0].question == "rename"


async def test_without_a_model_the_linters_fixes_are_offered(answering, open_editor, uri):
    """Documentation comes along, but an example in it is no rewrite."""
    backend = await answering("Use `list`\n```python\nexample()\n```\n", model="extractive")
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    _, response = editor.request("glossator/rewrite", rewrite(uri))
    result = await response
    assert result["applicable"] is True
    assert "[x * 2 for x in xs]" in result["code"]
    assert "example()" not in result["code"]
    assert "PERF401" in result["text"]
    assert "Use `list`" in result["text"]


async def test_an_old_version_is_refused(answering, open_editor, uri):
    backend = await answering(BETTER)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    _, response = editor.request("glossator/rewrite", rewrite(uri, version=0))
    with pytest.raises(JsonRpcException, match="has changed"):
        await response


async def test_a_secret_is_never_overwritten_by_its_placeholder(answering, open_editor, uri):
    """Its line stays byte for byte; where nobody can tell which it was, nothing can be applied."""
    token = "ghp_" + "a1B2" * 9
    source = f'def login():\n    t = "{token}"\n    x = Client(t)\n    return x\n'
    body = 'def login():\n    t = "<GITHUB_TOKEN_1>"\n    return Client(t)\n'
    for code, applicable in ((body, True), (body.replace("t = ", "u = "), False)):
        backend = await answering(f"```python\n{code}```\n")
        editor = await open_editor(backend.url)
        editor.open(uri, source)
        _, response = editor.request("glossator/rewrite", rewrite(uri, "rewrite", after=4))
        made = await response
        assert made["applicable"] is applicable
        if applicable:
            assert token in made["code"]
            assert all(token not in hunk["oldText"] for hunk in made["hunks"])
        else:
            assert "kept back" in " ".join(made["problems"])


async def test_actions_are_offered_by_kind(answering, open_editor, uri):
    """Each with its command; the instruction needs an editor that can ask for one."""
    backend = await answering(BETTER)
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    problem = {"range": selection(1, 2), "message": "unused", "severity": 2}
    titles = [each["title"] for each in await editor.actions(uri, selection(0, 2), [problem])]
    assert titles == [
        "Glossator: Optimize",
        "Glossator: Explain",
        "Glossator: Document",
        "Glossator: Fix: unused",
    ]
    only = await editor.actions(uri, selection(0, 2), only=["refactor.rewrite.glossator.fix"])
    assert only == []
    assert await editor.actions(uri, selection(0, 2), only=["quickfix"]) == []
    editor.client.workspace_did_change_configuration(
        editor.settings({"glossator": {"previews": True}})
    )
    titles = [each["title"] for each in await editor.actions(uri, selection(0, 2))]
    assert "Glossator: Rewrite with instruction…" in titles


@pytest.mark.parametrize(("choice", "edits"), [("Apply", 1), ("Discard", 0), ("", 0)])
async def test_any_editor_can_run_the_command(answering, open_editor, uri, choice, edits):
    """The user is asked before anything is applied."""
    backend = await answering(BETTER)
    editor = await open_editor(backend.url)
    editor.chooses = choice
    editor.open(uri, SOURCE)
    action = next(
        each
        for each in await editor.actions(uri, selection(0, 5))
        if each["title"] == "Glossator: Optimize"
    )
    await editor.execute(action["command"])
    await editor.until(lambda: editor.progress_ended)
    assert "in 1 place" in editor.asked[0]
    assert len(editor.edits) == edits


async def test_explain_opens_a_page_in_any_editor(answering, open_editor, uri):
    """The definition around the cursor is what is explained."""
    backend = await answering("It doubles.")
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    [action] = [
        each
        for each in await editor.actions(uri, selection(2, 2))
        if each["title"] == "Glossator: Explain"
    ]
    await editor.execute(action["command"])
    await editor.until(lambda: editor.shown)
    shown = Path(unquote(urlsplit(editor.shown[0]).path))
    assert shown.read_text() == "It doubles."
    [ask] = backend.asks
    assert (ask.kind, ask.task) == ("help", "explain")
    assert ask.context.selection.text.startswith("def double(xs):")
    assert ask.context.scope == "def double(xs)"


async def test_a_failing_command_is_told(open_editor, uri):
    """There is nobody at the other end to read an error."""
    editor = await open_editor("ws://127.0.0.1:9")
    editor.open(uri, SOURCE)
    action, *_ = await editor.actions(uri, selection(0, 5))
    await editor.execute(action["command"])
    await editor.until(lambda: editor.messages)
    assert "start it with: glossator serve" in editor.messages[0]


async def test_a_secret_file_is_never_sent(answering, open_editor, tmp_path):
    """No actions, no rewrites; in a chat its name alone, and the user is told."""
    backend = await answering("ok")
    editor = await open_editor(backend.url)
    secret = (tmp_path / ".env").as_uri()
    editor.open(secret, "TOKEN=abc123\n", "shellscript")
    assert await editor.actions(secret, selection(0, 1)) == []
    _, response = editor.request("glossator/rewrite", rewrite(secret, after=1))
    with pytest.raises(JsonRpcException, match="not sent"):
        await response
    _, response = editor.chat("what is it?", "t", textDocument={"uri": secret})
    await response
    [ask] = backend.asks
    assert "abc123" not in str(ask)
    partial = await editor.partial_results("t")
    assert partial[0]["kind"] == "notice"
    assert ".env is not sent" in partial[0]["message"]
