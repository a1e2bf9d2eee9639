"""Prompts with commands and mentions, and what they bring along."""

import asyncio
import subprocess

import pytest
from lsprotocol.types import Diagnostic, Position, Range, TextDocumentItem

from backend.protocol import wire
from lsp_server.context import prompt
from lsp_server.context.prompt import Mention, parse, sources
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents.open_documents import Documents
from lsp_server.workspace.exclusions import Exclusions
from lsp_server.workspace.installed import Installed


@pytest.mark.parametrize(
    ("text", "task", "question", "found"),
    [
        ("how?", "answer", "how?", ()),
        ("/explain", "explain", prompt.COMMANDS["explain"][1], ()),
        (" /tests with @file:a/b.py.", "tests", "with @file:a/b.py.", (Mention("file", "a/b.py"),)),
        ('@file:"a b.py" @file', "answer", None, (Mention("file", "a b.py"), Mention("file"))),
        ("/unknown a@file.com @nobody", "answer", None, ()),
        ("(see @symbol:np.where)?", "answer", None, (Mention("symbol", "np.where"),)),
        ("/optimize/x", "answer", None, ()),
        ("@diff @diff", "answer", None, (Mention("diff"),)),
    ],
)
def test_a_prompt_is_understood(text, task, question, found):
    """Anything that is no command or mention stays in the question."""
    said = parse(text)
    assert (said.task, said.question, said.mentions) == (task, question or text, found)


def test_docs_name_where_to_look():
    """Before what the request says, and that before the options."""
    assert sources(parse("@docs:numpy ?"), ("x",), None) == ("package:numpy", "numpy")
    assert sources(parse("@docs:package:numpy ?"), None, None) == ("package:numpy",)
    assert sources(parse("?"), (), ("y",)) == ()
    assert sources(parse("?"), None, ("y",)) == ("y",)


@pytest.fixture
def workspace(tmp_path):
    documents = Documents(tmp_path.as_uri())
    source = "import os\n\ndef open_box():\n    return 1\n"
    documents.put_text_document(
        TextDocumentItem((tmp_path / "app.py").as_uri(), "python", 1, source)
    )
    return documents


async def brought(documents, *named, around=None, diagnostics=(), tokens=1000):
    return await Surroundings().mentioned(documents, around, named, diagnostics, tokens)


async def test_files_are_those_of_the_workspace(workspace, tmp_path):
    """An open one as it is in the editor, another from the disk, none from outside."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "b.py").write_text("B = 1\n")
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("secret")
    context, notices = await brought(
        workspace,
        Mention("file", "app.py"),
        Mention("file", "lib/b.py"),
        Mention("file", "../outside.txt"),
    )
    assert [file.text for file in context.files] == [
        "import os\n\ndef open_box():\n    return 1\n",
        "B = 1\n",
    ]
    assert notices == ["@file:../outside.txt is not in the workspace."]


async def test_secret_and_excluded_files_stay_at_home(workspace, tmp_path):
    """This holds for every way that leads to them."""
    (tmp_path / ".env").write_text("TOKEN=1")
    (tmp_path / "innocent.txt").symlink_to(tmp_path / ".env")
    (tmp_path / ".glossatorignore").write_text("private/\n!private/ok.txt\n")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "a.txt").write_text("a")
    named = [Mention("file", name) for name in (".env", "innocent.txt", "private/a.txt")]
    context, notices = await brought(workspace, *named)
    assert context is None
    assert len(notices) == 3
    assert all("not sent" in notice for notice in notices)


async def test_a_symbol_is_found_in_the_open_documents(workspace):
    context, notices = await brought(
        workspace, Mention("symbol", "mod.open_box"), Mention("symbol", "gone"), Mention("symbol")
    )
    [file] = context.files
    assert (file.text, file.first_line) == ("def open_box():\n    return 1\n", 3)
    assert len(notices) == 2


async def test_what_is_too_long_is_cut_at_a_line_and_told(workspace, tmp_path):
    (tmp_path / "long.txt").write_text("0123456789\n" * 100)
    context, notices = await brought(workspace, Mention("file", "long.txt"), tokens=10)
    assert context.files[0].text == "0123456789\n" * 3
    assert "is cut" in notices[0]


async def test_diagnostics_are_what_the_editor_says(workspace):
    """Lines count from 1 on the wire."""
    place = Range(Position(2, 0), Position(2, 4))
    said = Diagnostic(place, "unused", source="mypy", code="E1")
    context, _ = await brought(
        workspace, Mention("diagnostics"), around=wire.Context(uri="u"), diagnostics=[said]
    )
    assert context.remarks == (wire.Remark("unused", 3, 3, "mypy", "E1"),)


async def test_the_diff_leaves_secrets_out(workspace, tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True)

    (tmp_path / "app.py").write_text("old\n")
    (tmp_path / ".env").write_text("TOKEN=1\n")
    git("init", "-q")
    git("add", "-A", "-f")
    git("commit", "-q", "-m", "first")
    (tmp_path / "app.py").write_text("new\n")
    (tmp_path / ".env").write_text("TOKEN=2\n")
    before = asyncio.all_tasks()
    context, _ = await brought(workspace, Mention("diff"))
    assert "+new" in context.diff
    assert "TOKEN" not in context.diff
    assert asyncio.all_tasks() <= before  # nothing of it is left behind


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("/w/.env", True),
        ("/w/.env.local", True),
        ("/w/.env.example", False),
        ("/w/deploy/tls.key", True),
        ("/w/id_rsa", True),
        ("/w/id_rsa.pub", False),
        ("/w/src/credentials.json", True),
        ("/w/src/environment.py", False),
        ("/w/src/secrets.py", False),
        ("/home/me/.ssh/config", True),
        ("/home/me/notes.md", False),
    ],
)
def test_names_that_tell_of_secrets(path, excluded):
    """Outside of the workspace, too."""
    assert Exclusions().excluded(path, ["/w"]) is excluded


def test_versions_come_from_the_workspaces_own_environment(tmp_path):
    """By the name that is imported; another environment is not asked, nothing is imported."""
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    yaml = site / "PyYAML-6.0.dist-info"
    yaml.mkdir(parents=True)
    (yaml / "top_level.txt").write_text("_yaml\nyaml\n")
    (site / "numpy-2.4.1.dist-info").mkdir()
    installed = Installed()
    wanted = ["numpy", "yaml", "os"]
    assert installed.versions(wanted, [str(tmp_path)]) == {"numpy": "2.4.1", "yaml": "6.0"}
    assert installed.versions(wanted, [str(tmp_path / "elsewhere")]) == {}
