"""The locks hold all that is declared, and one version of each."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def locked(name: str) -> dict[str, Version]:
    lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
    pins = [re.fullmatch(r"([\w.-]+)(?:\[.+\])?==(\S+)(?: ;.+)?", line) for line in lines]
    assert all(pins), [line for line, pin in zip(lines, pins, strict=True) if not pin]
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in pins}


@pytest.mark.parametrize(("name", "other"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_a_lock_satisfies_every_dependency_that_is_declared(name, other):
    extras = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"]]
    declared += [each for extra, many in extras.items() if extra != other for each in many]
    versions = locked(name)
    for requirement in map(Requirement, declared):
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not in {name}.lock: make lock"
        assert requirement.specifier.contains(version), f"{name}.lock has {version}: make lock"


@pytest.mark.parametrize("name", ["site.txt", "tools.txt"])
def test_what_only_developers_run_is_pinned_and_in_no_lock_of_ours(name):
    """The site's packages are all listed, because they are installed without resolving."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    tools = {"mkdocs", "mkdocs-material", "cyclonedx-bom", "pip-audit", "pre-commit"}
    assert tools & {pin.name for pin in pins}
    assert not tools & (set(locked("cpu")) | set(locked("cuda")))


def test_the_light_side_needs_nothing_of_the_heavy_one():
    """What every developer's machine installs."""
    heavy = {"torch", "ray", "fastapi", "chromadb", "opentelemetry-sdk", "vllm"}
    assert heavy.isdisjoint(Requirement(each).name for each in PROJECT["dependencies"])
