"""The command line as it is typed: real processes, their output and their exit codes."""

import json
import os
import re
import socket
import struct
import subprocess
import sys

import pytest

COMMANDS = ["init", "doctor", "serve", "index", "ask", "lsp"]


def glossator(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "glossator", *arguments],
        capture_output=True, text=True, timeout=180, **options,
    )  # fmt: skip


def test_help_names_every_command():
    shown = glossator("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", shown, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained(command):
    shown = glossator(command, "--help")
    assert shown.returncode == 0
    options = re.findall(r"^  +(?:-\w, )?(--[\w-]+)(.*(?:\n {10,}.*)*)", shown.stdout, re.MULTILINE)
    assert options
    for option, meaning in options:
        assert len(meaning.split()) > 2, f"{option} is unexplained"


def test_help_loads_nothing_heavy():
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "glossator", "--help"],
        capture_output=True, text=True, timeout=180,
    ).stderr  # fmt: skip
    for heavy in ("torch", "ray", "fastapi", "chromadb", "pygls", "vllm"):
        assert not re.search(rf"\| +{heavy}$", loaded, re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "missing"), [(["serve"], "uvicorn"), (["index", "x"], "numpy")]
)
def test_without_the_server_side_installed_it_says_how_to_get_it(command, missing):
    # What `pip install .` leaves out is missing in just this way.
    code = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[0] = 'glossator'\n"
        "from glossator.cli import main; main()"
    )
    refused = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, timeout=180
    )
    assert refused.returncode == 1
    assert "glossator[serve" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_indexing_without_a_source_takes_all_that_are_declared(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Sharing\nHow to share a folder.\n")
    config = tmp_path / "glossator.toml"
    config.write_text(f"[sources.ours]\nkind = 'folder'\nuri = '{docs}'\n")
    data = str(tmp_path / "data")
    for arguments in ([], ["--rebuild"]):
        ran = glossator("index", "run", "--config", str(config), "--data", data, *arguments)
        assert ran.returncode == 0, ran.stderr
        assert "ours: 1 document" in ran.stderr
    refused = glossator("index", "run", "--data", data)
    assert refused.returncode == 1
    assert "[sources.NAME]" in refused.stderr


def test_asking_a_backend_that_is_not_running_says_how_to_start_one():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    asked = glossator("ask", "anyone?", "--url", url)

    assert asked.returncode == 1
    assert url.removeprefix("http://") in asked.stderr
    assert "glossator serve" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_port_in_use_says_so_and_names_the_option(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        served = glossator("serve", "--port", port, "--engine", "extractive", "--data", tmp_path)

    assert served.returncode == 1
    assert "in use" in served.stderr
    assert "--port" in served.stderr
    assert "Traceback" not in served.stderr


def test_a_model_that_is_hopeless_here_is_told_at_the_start_with_what_would_help(tmp_path):
    """Known from the header of the weights, so the start need not wait for a load of minutes."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "BF16", "shape": [7_000_000_000_000]}}).encode()
    (model / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    options = ("--model", model, "--port", "0", "--data", tmp_path / "data")
    served = glossator(
        "serve", "--engine", "transformers", *options, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    )
    assert served.returncode == 1  # there are no weights behind the header
    said = " ".join(served.stderr.split())
    for help in ("llama.cpp", "Ollama", "GPU", "read_s"):
        assert help in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "q", "--range", "1:2"], "--file"),
        (["ask", "q", "--file", __file__, "--range", "9:3"], "A:B"),
        (["ask", "q", "--file", "/nowhere.py"], "does not exist"),
        (["serve", "--engine", "magic"], "extractive"),
        (["serve", "--config", "/nowhere.toml"], "does not exist"),
        (["index"], "SOURCE"),
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(arguments, says):
    wrong = glossator(*arguments)
    assert wrong.returncode == 2
    assert says in wrong.stderr


def test_indexing_what_is_not_installed_names_it_and_fails(tmp_path):
    indexed = glossator("index", "package:no_such_package", "--data", tmp_path)
    assert indexed.returncode == 1
    assert "no_such_package" in indexed.stderr
    assert "pip install" in indexed.stderr


def test_an_index_of_another_embedder_is_refused_with_the_command_that_mends_it(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text("# Guide\n\nPress the button.\n")
    data = tmp_path / "data"
    assert glossator("index", docs, "--data", data).returncode == 0
    manifest = next((data / "index").glob("*.json"))
    manifest.write_text(re.sub(r"MiniLM[^\"]*", "another-model", manifest.read_text()))

    refused = glossator("serve", "--engine", "extractive", "--data", data, "--port", "0")
    assert refused.returncode == 1
    assert "another-model" in refused.stderr
    assert "--rebuild" in refused.stderr
    assert glossator("index", docs, "--data", data, "--rebuild").returncode == 0
