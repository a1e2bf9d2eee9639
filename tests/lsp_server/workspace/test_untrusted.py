"""Programs that a workspace brings along: planted, and not run. The git is a real one."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lsp_server.rewrites import linter
from lsp_server.workspace import changes, programs

SOURCE = "def f(xs):\n    r = []\n    for x in xs:\n        r.append(x * 2)\n    return r\n"


@pytest.fixture
def repository(planted: Any, tmp_path: Path) -> Path:
    """With one commit, and ``app.py`` changed since."""
    (tmp_path / "work" / "more").mkdir(parents=True)
    (tmp_path / "work" / "more" / "b.txt").write_text("old\n")
    made: Path = planted.repository(tmp_path / "work")
    return made


async def test_a_diff_runs_nothing_that_the_repository_names(repository, planted):
    """It still says what has changed."""
    planted.everything(repository)
    os.utime(repository / "more" / "b.txt")  # must be compared, which is what filters are for
    text, left_out = await changes.diff(str(repository), lambda name: True)
    assert "-old\n+new" in text
    assert left_out == []
    assert planted.ran == []


async def test_the_planted_programs_would_run_in_a_diff_as_git_makes_it(repository, planted):
    """So the test above proves something."""
    planted.everything(repository)
    subprocess.run(
        ["git", "-C", str(repository), "diff", "HEAD"],
        env={"PATH": os.environ["PATH"], "HOME": str(repository)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False,
    )  # fmt: skip
    assert planted.ran


async def test_missing_objects_are_not_fetched(repository, planted):
    planted.everything(repository)
    for path in (repository / ".git" / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(changes.NoChanges):
        await changes.diff(str(repository), lambda name: True)
    assert planted.ran == []


async def test_programs_of_a_submodule_do_not_run(repository, planted, tmp_path):
    """Git asks a submodule's own repository whether it has changed."""
    inner = repository / "inner"
    inner.mkdir()
    planted.git(inner, "init", "-q")
    (inner / "a.py").write_text("a\n")
    planted.git(inner, "add", "-A")
    planted.git(inner, "commit", "-q", "-m", "inner")
    planted.git(repository, "add", "inner")
    planted.git(repository, "commit", "-q", "-m", "second", "inner")
    planted.everything(inner)
    (inner / "a.py").write_text("b\n")
    text, _ = await changes.diff(str(repository), lambda name: True)
    assert "+new" in text
    assert planted.ran == []


async def test_a_repository_whose_files_are_elsewhere_is_not_compared(
    repository, planted, tmp_path
):
    """``core.worktree`` would have it read any folder of the user's."""
    elsewhere = tmp_path / "home"
    elsewhere.mkdir()
    (elsewhere / "app.py").write_text("private\n")
    planted.git(repository, "config", "core.worktree", str(elsewhere))
    with pytest.raises(changes.NoChanges):
        await changes.diff(str(repository), lambda name: True)


async def test_names_like_patterns_mean_themselves(repository, planted):
    """A file called ``*`` or ``:(glob)**`` brings no other file along."""
    for name in ("*", ":(glob)**", "[a]", "-x", "é\nb"):
        (repository / name).write_text("harmless\n")
    (repository / ".env").write_text("TOKEN=1\n")
    planted.git(repository, "add", "-A", "-f")
    planted.git(repository, "commit", "-q", "-m", "second")
    for name in ("*", ":(glob)**", "[a]", "-x", "é\nb"):
        (repository / name).write_text("changed\n")
    (repository / ".env").write_text("TOKEN=2\n")
    text, left_out = await changes.diff(str(repository), lambda name: name != ".env")
    assert text.count("+changed") == 5
    assert "TOKEN" not in text
    assert left_out == [".env"]


async def test_a_secret_that_was_renamed_is_not_shown_by_its_new_name(repository, planted):
    (repository / ".env").write_text("".join(f"TOKEN{n}={n}\n" for n in range(50)))
    planted.git(repository, "add", "-A", "-f")
    planted.git(repository, "commit", "-q", "-m", "second")
    (repository / ".env").rename(repository / "notes.txt")
    planted.git(repository, "add", "-A", "-f")
    text, left_out = await changes.diff(str(repository), lambda name: name == "app.py")
    assert "TOKEN" not in text
    assert left_out == [".env", "notes.txt"]


async def test_a_folder_below_the_top_is_compared_by_itself(repository):
    (repository / "more" / "b.txt").write_text("newer\n")
    text, _ = await changes.diff(str(repository / "more"), lambda name: name == "b.txt")
    assert "+newer" in text
    assert "+new\n" not in text


async def test_a_worktree_and_sha256_are_compared(tmp_path, repository, planted):
    """Their repository is elsewhere, or of another format."""
    planted.git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))
    (tmp_path / "tree" / "app.py").write_text("other\n")
    assert "+other" in (await changes.diff(str(tmp_path / "tree"), lambda name: True))[0]
    modern = tmp_path / "modern"
    modern.mkdir()
    planted.git(modern, "init", "-q", "--object-format=sha256")
    (modern / "a").write_text("old\n")
    planted.git(modern, "add", "-A")
    planted.git(modern, "commit", "-q", "-m", "first")
    (modern / "a").write_text("new\n")
    assert "+new" in (await changes.diff(str(modern), lambda name: True))[0]


async def test_a_repository_inside_of_the_files_is_not_taken_for_one(tmp_path, planted):
    """A bare repository can be committed as plain files."""
    bare = tmp_path / "work" / "assets"
    bare.mkdir(parents=True)
    planted.git(bare, "init", "-q", "--bare")
    planted.git(bare, "config", "core.fsmonitor", planted.program("fsmonitor"))
    with pytest.raises(changes.NoChanges):
        await changes.diff(str(bare), lambda name: True)
    assert planted.ran == []


async def test_the_ruff_of_an_untrusted_workspace_is_not_run(tmp_path, planted, monkeypatch):
    """Nor where the search path leads into the workspace; the installed one gives the evidence."""
    folder = tmp_path / "work"
    planted.ruff(folder)
    monkeypatch.setenv("PATH", f"{folder}/tools:.:{os.environ['PATH']}")
    monkeypatch.chdir(folder / "tools")
    found = await linter.findings(SOURCE, str(folder / "a.py"), 0, 4, [str(folder)])
    assert [each.code for each in found] == ["PERF401"]
    assert programs.find("ruff", [str(folder)]) != str(folder / "tools" / "ruff")
    assert planted.ran == []


async def test_the_ruff_of_a_trusted_workspace_is(tmp_path, planted):
    folder = tmp_path / "work"
    planted.ruff(folder)
    await linter.findings(SOURCE, str(folder / "a.py"), 0, 4, [str(folder)], trusted=True)
    assert planted.ran == ["ruff"]


async def test_the_configuration_of_an_untrusted_workspace_is_not_read(tmp_path):
    (tmp_path / "ruff.toml").write_text('[lint.per-file-ignores]\n"a.py" = ["PERF"]\n')
    found = await linter.findings(SOURCE, str(tmp_path / "a.py"), 0, 4, [str(tmp_path)])
    assert [each.code for each in found] == ["PERF401"]
