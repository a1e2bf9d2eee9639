"""The custom methods: camelCase on the wire, lines from 0, and all of it documented."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import msgspec
import pytest

from backend.protocol import wire
from lsp_server import protocol, rpc
from lsp_server.answers import translate

DOCUMENT = (Path(__file__).parents[2] / "docs" / "lsp.md").read_text()
MODULES = [
    importlib.import_module(f"{protocol.__name__}.{module.name}")
    for module in pkgutil.iter_modules(protocol.__path__)
]
STRUCTS = [
    struct
    for module in MODULES
    for _, struct in inspect.getmembers(module, inspect.isclass)
    if issubclass(struct, msgspec.Struct) and struct.__module__ == module.__name__
]
METHODS = [
    value
    for module in MODULES
    for _, value in inspect.getmembers(module, lambda member: isinstance(member, str))
    if value.startswith("glossator")
]


def test_the_whole_protocol_is_looked_at():
    """Every custom method and at least one message of each are found in the package."""
    assert len(METHODS) == 13
    assert len(STRUCTS) > 30


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_member_is_documented(struct):
    """``docs/lsp.md`` is what a plugin's author reads."""
    for field in msgspec.structs.fields(struct):
        assert f"`{field.encode_name}`" in DOCUMENT
        assert "_" not in field.encode_name
    if (tag := struct.__struct_config__.tag) is not None:
        assert f"`{tag}`" in DOCUMENT


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_documented(name):
    """Requests, notifications and commands by their names."""
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize(("line", "expected"), [(1, 0), (42, 41), (None, None)])
def test_lines_of_citations_count_from_0(line, expected):
    """Everything in LSP counts from 0; the websocket counts from 1."""
    source = wire.Citation(number=1, title="t", uri="u", line=line)
    assert translate.citation(source).line == expected


def test_every_frame_of_an_answer_has_its_partial_result():
    """Terminal frames have none, because the response and ``end`` stand for them."""
    frames = {
        wire.Queued(id="r", seq=0, position=2): {"kind": "queued", "position": 2},
        wire.Thinking(id="r", seq=0): {"kind": "thinking"},
        wire.Admitted(id="r", seq=0, queue_ms=1.5, model="m"): {
            "kind": "admitted",
            "model": "m",
            "queueMs": 1.5,
        },
        wire.Notice(id="r", seq=0, about="a", message="b"): {
            "kind": "notice",
            "about": "a",
            "message": "b",
        },
        wire.Delta(id="r", seq=0, text="x"): {"kind": "delta", "text": "x"},
    }
    for frame, expected in frames.items():
        progress = translate.partial_result(frame)
        assert progress is not None
        assert rpc.to_json(progress) == expected
    finished = wire.Finished(
        id="r", seq=0, reason="stop", usage=wire.Usage(), timings=wire.Timings()
    )
    failed = wire.Failed(id="r", seq=0, code="internal", message="")
    assert translate.partial_result(finished) is translate.partial_result(failed) is None
