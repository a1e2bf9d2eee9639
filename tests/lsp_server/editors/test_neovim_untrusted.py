"""Neovim with its defaults in a project that somebody else made: nothing of it is run."""

import json

import pytest

from backend.protocol.wire import Ask, Delta, Finished, Timings, Usage

pytestmark = pytest.mark.editor

LOOP = "def total(xs):\n    result = []\n    for x in xs:\n        result.append(x * 2)\n"


def script(asks):
    async def answer(peer):
        for _ in range(2):
            ask = await peer.receive(Ask)
            asks.append(ask)
            usage, timings = Usage(), Timings()
            await peer.send(
                Delta(id=ask.id, seq=0, text="an answer"),
                Finished(id=ask.id, seq=1, reason="stop", usage=usage, timings=timings),
            )
        await peer.closed()

    return answer


@pytest.fixture
def project(planted, tmp_path):
    """Its own ruff in every place, and a repository that names programs in every way."""
    folder = planted.repository(tmp_path / "work", "notes.txt")
    (folder / "pyproject.toml").write_text("")
    (folder / "loops.py").write_text(LOOP)
    planted.ruff(folder)
    planted.everything(folder)
    return folder


async def both(play, nvim, project, **settings):
    """Asks for a rewrite, for which ruff gives evidence, and with ``@diff``."""
    asks = []
    backend = await play(script(asks))
    await nvim.start(backend.url, project / "loops.py", prepare=False, ghost_text=False, **settings)
    await nvim.command("1,4Glossator optimize")
    await nvim.until(
        "vim.wo.winbar:find('shown only', 1, true) or vim.wo.winbar:find('to decide', 1, true)"
    )
    await nvim.command("tabclose")
    await nvim.command("Glossator ask what is new? @diff")
    await nvim.shows("an answer")
    return asks


async def test_neither_its_ruff_nor_what_its_repository_names_runs(play, nvim, project, planted):
    """Both answers have their evidence all the same: from the installed ruff, and a safe git."""
    asks = await both(play, nvim, project)
    assert [each.code for each in asks[0].context.remarks] == ["PERF401"]
    assert "+new" in asks[1].context.diff
    assert planted.ran == []


async def test_the_ruff_of_a_project_that_the_user_trusts_runs(play, nvim, project, planted):
    """And still nothing that its repository names."""
    await both(play, nvim, project, trusted=[str(project.parent)])
    assert planted.ran == ["ruff"]


async def test_trust_may_be_told_by_a_function_or_for_all(nvim, file, tmp_path):
    """A folder means what is below it, and nothing that only begins with its name."""
    await nvim.start("ws://127.0.0.1:9", file)
    (tmp_path / "work-of-others").mkdir()
    for trusted, root, expected in [
        ("false", tmp_path, False),
        ("true", tmp_path, True),
        ("{}", tmp_path, False),
        (f"{{ {json.dumps(str(tmp_path))} }}", tmp_path, True),
        (f"{{ {json.dumps(str(tmp_path / 'work'))} }}", tmp_path / "work-of-others", False),
        ("function(root) return vim.endswith(root, 'work-of-others') end",
         tmp_path / "work-of-others", True),
        ("function() return 1 end", tmp_path, False),
    ]:  # fmt: skip
        await nvim.lua(f"require('glossator.config').set({{ trusted = {trusted} }}) and 1")
        call = f"require('glossator.config').trusts({json.dumps(str(root))})"
        assert await nvim.lua(call) is expected, trusted
