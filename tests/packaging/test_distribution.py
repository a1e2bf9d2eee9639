"""What `make dist` builds: installed into an empty environment, beside a workspace that has a
`backend` of its own, neither is in the other's way (docs/decisions/0011)."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BESIDE = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
PRIVATE = ("backend", "indexer", "loadtest", "lsp_server")
PORT_OF_NOBODY = 9  # "discard": nothing listens there


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from the sdist, as `make dist` does. From a copy: it writes beside its sources."""
    copy = tmp_path_factory.mktemp("clone")
    for name in BESIDE:
        shutil.copy(ROOT / name, copy)
    for name in ("glossator", *PRIVATE):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-P", "-m", "build", "--no-isolation", str(copy)]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=240)
    assert built.returncode == 0, built.stdout + built.stderr
    assert len(list((copy / "dist").glob("*.tar.gz"))) == 1
    (found,) = (copy / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The programs of an environment with the wheel and what its light side needs, nothing else."""
    return installed(tmp_path_factory.mktemp("environment"), wheel, PROJECT["dependencies"])


@pytest.fixture(scope="module")
def server_environment(wheel, tmp_path_factory) -> Path:
    """One with the server's and the load tests' side as well."""
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["serve"], *extras["loadtest"]]
    return installed(tmp_path_factory.mktemp("server"), wheel, wanted)


def installed(folder: Path, wheel: Path, requirements: list[str]) -> Path:
    """What is required is linked from this environment, so that no network is needed."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    for distribution in needed(requirements):
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (packages / top).exists():  # a namespace that several share
                (packages / top).symlink_to(str(distribution.locate_file(top)))
    python = folder / "bin" / "python"
    command = [sys.executable, "-P", "-m", "pip", "--python", str(python), "--quiet", "install",
               "--no-deps", "--no-index", "--no-compile", str(wheel)]  # fmt: skip
    subprocess.run(command, check=True, env=plain(), capture_output=True, timeout=180)
    return folder / "bin"


def needed(requirements: list[str]) -> list[importlib.metadata.Distribution]:
    """The distributions that satisfy these, and all that they need in turn."""
    found: dict[tuple[str, str], importlib.metadata.Distribution] = {}
    waiting = [(Requirement(each), "") for each in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            if (requirement.name, wanted) not in found:
                distribution = importlib.metadata.distribution(requirement.name)
                found[requirement.name, wanted] = distribution
                waiting += [(Requirement(each), wanted) for each in distribution.requires or ()]
    return list(found.values())


def plain(**more: str) -> dict[str, str]:
    """The environment variables, without what leads to this clone."""
    return {name: value for name, value in os.environ.items() if "PYTHON" not in name} | more


@pytest.fixture
def workspace(tmp_path) -> Path:
    """Somebody's project: none of its packages may be imported by us."""
    for name in PRIVATE:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the workspace was run')\n")
    return tmp_path


@pytest.fixture(params=["console script", "python -m", "python -P -m"])
def glossator(request, environment) -> list[str]:
    """The ways to start it."""
    if request.param == "console script":
        return [str(environment / "glossator")]
    return [str(environment / "python"), *request.param.split()[1:], "glossator"]


def test_a_wheel_puts_one_package_on_the_import_path(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"glossator", f"glossator-{PROJECT['version']}.dist-info"}
    (listed,) = (name for name in names if name.endswith("/top_level.txt"))
    assert zipfile.ZipFile(wheel).read(listed).split() == [b"glossator"]


def test_a_wheel_has_every_file_of_the_packages(wheel):
    """Not the modules alone: the page, the profiles, the ranker's weights, the traces."""

    def files(top: str, into: str) -> Iterator[str]:
        for file in (ROOT / top).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"{into}{file.relative_to(ROOT).as_posix()}"

    wanted = {*files("glossator", "")}
    wanted |= {name for top in PRIVATE for name in files(top, "glossator/_packages/")}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == wanted


def test_the_light_side_starts_in_an_environment_without_the_heavy_one(environment, tmp_path):
    """Nothing of it can be imported there, and help and version need none of it."""
    code = "import importlib.util as u; print([bool(u.find_spec(n)) for n in %r])"
    heavy = ["torch", "ray", "fastapi", "chromadb", "numpy", "vllm"]
    found = subprocess.run(
        [environment / "python", "-c", code % heavy],
        cwd=tmp_path, env=plain(), capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(found.stdout.lower()) == [False] * len(heavy)
    for option, says in (("--version", PROJECT["version"]), ("--help", "lsp")):
        shown = subprocess.run(
            [environment / "glossator", option],
            cwd=tmp_path, env=plain(), capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert (shown.returncode, says in shown.stdout) == (0, True), shown.stderr


def test_a_workspace_with_packages_of_our_names_does_not_stop_the_command_line(
    glossator, workspace
):
    """Neither as the current folder nor on PYTHONPATH; asking nobody fails as it does anywhere."""
    options = {"cwd": workspace, "env": plain(PYTHONPATH=str(workspace)), "timeout": 30}
    shown = subprocess.run([*glossator, "--help"], capture_output=True, text=True, **options)
    assert (shown.returncode, "ask" in shown.stdout) == (0, True), shown.stderr

    url = f"http://127.0.0.1:{PORT_OF_NOBODY}"
    command = [*glossator, "ask", "anyone?", "--url", url]
    asked = subprocess.run(command, capture_output=True, text=True, **options)
    assert asked.returncode == 1
    assert "glossator serve" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_workspace_with_packages_of_our_names_does_not_stop_the_language_server(
    glossator, workspace
):
    process = subprocess.Popen(
        [*glossator, "lsp", "--url", f"http://127.0.0.1:{PORT_OF_NOBODY}"],
        cwd=workspace, env=plain(PYTHONPATH=str(workspace)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

    def send(**message: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message})
        process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        process.stdin.flush()

    def answer(number: int) -> dict:
        while True:
            length = 0
            while header := process.stdout.readline().strip():
                if header.startswith(b"Content-Length: "):
                    length = int(header.split()[1])
            assert length, process.stderr.read()
            message = json.loads(process.stdout.read(length))
            if message.get("id") == number and "method" not in message:
                return message["result"]

    try:
        params = {"processId": None, "rootUri": workspace.as_uri(), "capabilities": {}}
        send(id=1, method="initialize", params=params)
        assert answer(1)["serverInfo"]["name"] == "glossator"
        send(id=2, method="shutdown")
        assert answer(2) is None
        send(method="exit")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", PRIVATE)
def test_an_import_by_the_workspace_never_finds_ours(environment, workspace, tmp_path, name):
    """It finds the workspace's own, and nothing where there is none."""

    def imported(folder: Path) -> str:
        command = [environment / "python", "-c", f"import {name}"]
        options = {"cwd": folder, "env": plain(), "timeout": 30}
        return subprocess.run(command, capture_output=True, text=True, **options).stderr

    assert "the workspace was run" in imported(workspace)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"ModuleNotFoundError: No module named '{name}'" in imported(empty)


def test_a_workspace_with_packages_of_our_names_does_not_stop_what_the_server_starts(
    server_environment, workspace
):
    """An index run with a page large enough for a process of its own, and Locust."""
    pages = workspace / "pages"
    pages.mkdir()
    text = "<h1>Pump</h1><p>Press the green button.</p>"
    page = f"<html><body>{text}<!-- {'padding ' * 40_000} --></body></html>"
    (pages / "pump.html").write_text(page)
    options = {"cwd": workspace, "env": plain(PYTHONPATH=str(workspace)), "timeout": 60}
    command = [server_environment / "glossator", "index", "pages", "--data", "data"]
    indexed = subprocess.run(command, capture_output=True, text=True, **options)
    assert "1 documents" in indexed.stderr, indexed.stderr

    url = f"http://127.0.0.1:{PORT_OF_NOBODY}"
    command = [server_environment / "glossator", "loadtest", "--url", url, "--users", "1"]
    command += ["--seconds", "1", "--log", "log"]
    loaded = subprocess.run(command, capture_output=True, text=True, **options)
    assert "the workspace was run" not in loaded.stdout + loaded.stderr
    assert "ModuleNotFoundError" not in loaded.stderr
