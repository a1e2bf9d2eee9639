"""The Neovim plugin's types say what the protocol says."""

import importlib
import pkgutil
import re
from pathlib import Path

import msgspec
import pytest

from lsp_server import protocol
from lsp_server.protocol.progress import Progress

TYPES = Path(__file__).parents[2] / "editor_plugins/neovim/lua/glossator/types.lua"
CLASS = re.compile(r"---@class glossator\.(\w+)[^\n]*\n((?:---@field [^\n]*\n)*)")
FIELD = re.compile(r"---@field (\w+)")
OTHER_NAMES = {"Status": "StatusParams"}
PROTOCOL = {
    name: value
    for module in pkgutil.iter_modules(protocol.__path__)
    for name, value in vars(importlib.import_module(f"{protocol.__name__}.{module.name}")).items()
}


@pytest.mark.parametrize(
    ("name", "fields"),
    [(name, FIELD.findall(body)) for name, body in CLASS.findall(TYPES.read_text())],
)
def test_a_type_names_members_of_the_protocol(name, fields):
    """No member is misspelt, or left over from an older protocol."""
    if name == "Progress":  # one class for all kinds
        kinds = Progress.__args__
        known = {"kind"} | {each for kind in kinds for each in encoded(kind)}
    else:
        known = encoded(PROTOCOL[OTHER_NAMES.get(name, name)])
    assert set(fields) <= known


def encoded(kind):
    return {field.encode_name for field in msgspec.structs.fields(kind)}
