"""What attrs compiled once is not compiled again, and nobody can tell."""

import importlib.util
import json
import marshal
import os
import subprocess
import sys

import pytest

START = """
import builtins, json, sys
from pathlib import Path
from lsp_server.compiled import kept

compiled = 0
original = builtins.compile

def counted(script, filename, mode, **more):
    global compiled
    compiled += "attrs generated" in str(filename)
    return original(script, filename, mode, **more)

import lsp_server.compiled
lsp_server.compiled.compile = counted
with kept(Path(sys.argv[1])):
    from lsprotocol import types
import attr._make
at = types.Position(line=1, character=2)
assert at == types.Position(1, 2) != types.Position(1, 3)
assert repr(at) == "1:2"
assert types.Range(at, at) == types.Range(start=at, end=at)
print(json.dumps({"compiled": compiled, "left": "compile" in vars(attr._make)}))
"""


def start(file, **environment):
    usual = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", START, str(file)],
        env=usual | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_second_start_compiles_next_to_nothing(tmp_path):
    file = tmp_path / "not there yet" / "methods"
    first, second = start(file), start(file)

    assert first["compiled"] > 500
    assert second["compiled"] < 20
    assert not first["left"]
    assert list(file.parent.iterdir()) == [file]  # nothing half-written


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"nonsense",
        importlib.util.MAGIC_NUMBER + b"nonsense",
        importlib.util.MAGIC_NUMBER + marshal.dumps(["no", "table"]),
        b"\0\0\0\0" + marshal.dumps({}),
    ],
)
def test_a_file_that_says_nothing_is_made_anew(tmp_path, held):
    file = tmp_path / "methods"
    file.write_bytes(held)

    assert start(file)["compiled"] > 500
    assert file.read_bytes() != held


def test_where_nothing_can_be_written_a_start_works_all_the_same(tmp_path):
    (tmp_path / "file").touch()

    assert start(tmp_path / "file" / "methods")["compiled"] > 500


def test_who_wants_no_bytecode_written_gets_none(tmp_path):
    start(tmp_path / "methods", PYTHONDONTWRITEBYTECODE="1")

    assert list(tmp_path.iterdir()) == []
