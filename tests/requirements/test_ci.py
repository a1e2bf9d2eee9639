"""The forge's workflow, `.ci/run` and the hooks run what a developer runs."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
MADE = re.compile(r"^make ([\w-]+)$", re.MULTILINE)


def steps() -> list[str]:
    commands = [step["run"] for step in WORKFLOW["jobs"]["test"]["steps"] if "run" in step]
    return MADE.findall("\n".join(commands))


def test_the_workflow_runs_what_ci_run_does_and_builds_the_site_and_the_distribution():
    assert steps() == [*MADE.findall((ROOT / ".ci/run").read_text()), "docs-site", "dist"]


def test_every_target_of_the_workflow_is_one_of_the_makefile():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(steps()) <= set(targets)


def test_hooks_call_what_is_in_the_environment():
    """Nothing is downloaded at a commit, and the version is that of `make check`."""
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in local["hooks"])
