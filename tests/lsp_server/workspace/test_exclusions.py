"""Secrets stay here: by any name and scheme, in every feature, with a word to the user."""

import pytest

from backend.protocol import wire
from lsp_server.workspace.exclusions import Exclusions

SECRET = "AWS_SECRET_ACCESS_KEY=abcdefgh\n"
URIS = [
    "file:///project/.ENV",
    "git:/project/.env?%7B%22path%22%3A%22%2Fproject%2F.env%22%7D",
    "untitled:.envrc",
    "vscode-notebook-cell:/project/.env#W0",
    "vscode-remote://ssh-remote%2Bhost/project/prod.tfstate",
    "oil:///project/.aws/credentials",
]


@pytest.mark.parametrize("uri", URIS)
async def test_a_secret_document_is_not_sent_and_the_user_is_told(
    uri, play, answers_once, open_editor
):
    """Neither its text nor its diagnostics."""
    backend = await play(answers_once)
    editor = await open_editor(backend.url)
    editor.open(uri, SECRET)
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 5}}
    _, result = editor.chat(
        "what? @file @diagnostics @symbol:TOKEN",
        "t1",
        textDocument={"uri": uri},
        cursorState=[{"range": place}],
        context={"diagnostics": [{"range": place, "message": "abcdefgh"}]},
    )
    partial = await editor.partial_results("t1")
    await result
    assert "abcdefgh" not in wire.encode(answers_once.ask)
    assert "may hold secrets" in partial[0]["message"]
    assert await editor.hover(uri, 0, 3) is None


def test_a_workspace_lets_a_secret_through_only_where_it_is_trusted(tmp_path):
    (tmp_path / ".glossatorignore").write_text("!.env.local\nPrivate/\n")
    roots = [str(tmp_path)]
    secret, private = str(tmp_path / ".env.local"), str(tmp_path / "PRIVATE" / "a.py")
    assert Exclusions().excluded(secret, roots)
    assert not Exclusions().excluded(secret, roots, trusted=True)
    assert Exclusions().excluded(private, roots, trusted=True)


def test_an_ignore_file_cannot_keep_the_server_busy(tmp_path):
    """Patterns whose cost multiplies with each star, and a file that never ends."""
    (tmp_path / ".glossatorignore").write_text("*a" * 30 + "b\n" + "ok.py\n")
    roots = [str(tmp_path)]
    assert not Exclusions().excluded(str(tmp_path / ("a" * 250)), roots)
    assert Exclusions().excluded(str(tmp_path / "OK.py"), roots)
    (tmp_path / ".glossatorignore").unlink()
    (tmp_path / ".glossatorignore").symlink_to("/dev/zero")
    assert not Exclusions().excluded(str(tmp_path / "a.py"), roots)


def test_a_link_counts_by_where_it_leads(tmp_path):
    (tmp_path / ".env").write_text(SECRET)
    (tmp_path / "notes.txt").symlink_to(tmp_path / ".env")
    assert Exclusions().excluded_uri((tmp_path / "notes.txt").as_uri(), [str(tmp_path)])
