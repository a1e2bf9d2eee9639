"""What the operator's pages name exists: metrics, settings, parts of a trace, and other pages.

`tests/e2e/test_runbook.py` runs their commands.
"""

import re
from pathlib import Path

import msgspec
import pytest

from backend.settings import Settings
from glossator.cli import cli

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text("utf-8") for name in ("runbook.md", "slow-answers.md")}


@pytest.mark.parametrize("page", PAGES)
def test_metrics_are_in_the_list_of_metrics(page):
    known = (DOCS / "metrics.md").read_text("utf-8")
    named = set(re.findall(r"`?\b(glossator_[a-z_]+[a-z])", PAGES[page]))
    assert named
    missing = {name for name in named if f"`{re.sub('_bucket$', '', name)}`" not in known}
    # In the command that looks for three of them, the name is cut short by a parenthesis.
    assert not {name for name in missing if f"`{name}" in PAGES[page]}


@pytest.mark.parametrize("page", PAGES)
def test_settings_exist(page):
    named = re.findall(r"`\[([a-z.]+)\]((?: [a-z_]+)?)", PAGES[page])
    assert named
    for table, setting in named:
        where = Settings()
        for part in table.split("."):
            where = getattr(where, part, None)
            if isinstance(where, dict):
                break
        assert where is not None, table
        if setting.strip() and not isinstance(where, dict):
            names = [field.name for field in msgspec.structs.fields(where)]
            assert setting.strip() in names, (table, setting)


def test_parts_of_a_trace_are_those_of_the_page_on_traces():
    known = (DOCS / "tracing.md").read_text("utf-8")
    table = PAGES["slow-answers.md"].split("| people say", 1)[1].split("\n\n", 1)[0]
    parts = {
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([a-z_.]+)`", row.split("|")[3])
    }
    assert {"admission", "retrieval", "prefill", "decode"} <= parts
    assert not {part for part in parts if part not in known}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_pages_and_to_headings(page):
    for target, heading in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", PAGES[page]):
        file = DOCS / target if target else DOCS / page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            assert heading in {title.lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page):
    for said in re.findall(r"(?:^ *|`|\()glossator ([^`\n|#]*)", PAGES[page], re.MULTILINE):
        found = cli
        for word in said.split():
            if word not in getattr(found, "commands", {}):
                break
            found = found.commands[word]
        options = set(re.findall(r"(?<=[ \"])--[a-z-]+", f" {said}"))
        known = {name for parameter in found.params for name in parameter.opts}
        assert found is not cli or options == {"--version"}, said
        assert options <= known | {"--version"}, said
