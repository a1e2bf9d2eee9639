"""Ruff's findings and fixes, by the real ruff."""

import pytest

from lsp_server.documents.text import split_lines
from lsp_server.rewrites import linter, question

SOURCE = """\
def f(xs):
    r = []
    for x in xs:
        r.append(x * 2)
    return r


def g(xs):
    return any([x for x in xs]), dict([(a, 1) for a in xs])
"""


async def findings(tmp_path, first=0, last=100, source=SOURCE, command="", trusted=True):
    return await linter.findings(
        source, str(tmp_path / "a.py"), first, last, [str(tmp_path)], command, trusted=trusted
    )


async def test_only_what_lies_in_the_selection_is_evidence(tmp_path):
    found = await findings(tmp_path, 0, 4)
    assert [each.code for each in found] == ["PERF401"]
    assert found[0].url.endswith("manual-list-comprehension")
    assert found[0].fix


async def test_fixes_are_applied_whole_or_not_at_all(tmp_path):
    """Of two fixes that overlap, the first is applied; the result is valid Python."""
    lines = split_lines(SOURCE)
    fixed = linter.apply(lines, await findings(tmp_path))
    assert "r = [x * 2 for x in xs]" in fixed
    assert "any(" in fixed
    compile(fixed, "fixed", "exec")
    assert "[x for x in xs]" not in fixed


async def test_a_remark_has_the_lines_as_the_fix_would_have_them(tmp_path):
    [found] = await findings(tmp_path, 0, 4)
    remark = question.remark(split_lines(SOURCE), found)
    assert (remark.first_line, remark.code) == (4, "PERF401")
    assert remark.fix == "    r = [x * 2 for x in xs]\n"


@pytest.mark.parametrize("name", ["/no/such/ruff", "false"])
async def test_without_ruff_there_is_no_evidence(tmp_path, name):
    """The rewrite goes on without."""
    assert await findings(tmp_path, command=name) == []


async def test_a_configuration_that_ruff_refuses_does_not_count(tmp_path):
    (tmp_path / "ruff.toml").write_text("line-length = 'long'\n")
    assert [each.code for each in await findings(tmp_path, 0, 4)] == ["PERF401"]


async def test_the_projects_exceptions_hold(tmp_path):
    (tmp_path / "ruff.toml").write_text('[lint.per-file-ignores]\n"a.py" = ["PERF"]\n')
    assert await findings(tmp_path, 0, 4) == []
