"""Every text and list that a client may send has a limit, and one more gets one clear error.

All of it is derived from the types: a field that is added is tested, or fails the first test.
"""

import contextlib
import json
import time
import types
import typing
import uuid

import httpx
import msgspec
import pytest

from backend.gateway.openai.shapes import ChatRequest
from backend.protocol import wire
from backend.protocol.wire import Cancel, Failed, Finished
from backend.settings import Server, Settings

ROOM = Settings(server=Server(port=0, max_frame_bytes=2**26))
CLIENT = typing.get_args(wire.ClientFrame)


class Limit(typing.NamedTuple):
    """Of one text or list: where it stands, its type, and the most and least that it may hold."""

    where: tuple
    kind: typing.Any
    most: int | None
    least: int | None


def limits(hint, where=(), meta=()):
    """Those of a type and of everything inside it. A list's elements stand at 0, keys at -1."""
    match typing.get_origin(hint):
        case typing.Annotated:
            kind, *more = typing.get_args(hint)
            yield from limits(kind, where, more)
        case typing.Union | types.UnionType:
            for kind in typing.get_args(hint):
                yield from limits(kind, where)
        case origin if origin in (tuple, list):
            yield limit(where, list, meta)
            yield from limits(typing.get_args(hint)[0], (*where, 0))
        case origin if origin is dict:
            key, value = typing.get_args(hint)
            yield limit(where, dict, meta)
            yield from limits(key, (*where, -1))
            yield from limits(value, (*where, "a"))
        case None if hint is str:
            yield limit(where, str, meta)
        case None if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            for name, inner in typing.get_type_hints(hint, include_extras=True).items():
                yield from limits(inner, (*where, name))


def limit(where, kind, meta):
    most = next((each.max_length for each in meta if each.max_length is not None), None)
    return Limit(where, kind, most, next((each.min_length for each in meta), None))


def example(hint):
    """The smallest value of a type, as JSON has it; lists that hold structs have one."""
    match typing.get_origin(hint):
        case typing.Annotated:
            kind, *meta = typing.get_args(hint)
            if kind is str:
                return "a" * max((each.min_length or 0 for each in meta), default=0)
            return example(kind)
        case typing.Union | types.UnionType:
            return example(typing.get_args(hint)[0])
        case typing.Literal:
            return typing.get_args(hint)[0]
        case origin if origin in (tuple, list):
            return []
        case origin if origin is dict:
            return {}
        case None if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            required = {field.name for field in msgspec.structs.fields(hint) if field.required}
            hints = typing.get_type_hints(hint, include_extras=True)
            return {name: example(hints[name]) for name in hints if name in required}
        case None:
            return {str: "", int: 1, float: 1.0, bool: False}.get(hint)


def struct_of(hint):
    for part in (hint, *typing.get_args(hint)):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
        if typing.get_args(part) and (inner := struct_of(typing.get_args(part)[0])):
            return inner
    return None


def put(struct, frame, where, value):
    """``frame`` with ``value`` at the place."""
    name, *rest = where
    hint = typing.get_type_hints(struct, include_extras=True)[name]
    if not rest:
        frame[name] = value
    elif rest[0] == -1:
        frame[name] = {value: "1"}
    elif rest[0] == "a":
        frame[name] = {"a": value}
    elif rest == [0]:
        frame[name] = [value]
    else:
        inner = struct_of(hint)
        within = put(inner, example(inner), rest[1:] if rest[0] == 0 else rest, value)
        frame[name] = [within] if rest[0] == 0 else within
    return frame


def filled(struct, where, kind, count):
    """What stands at the place, of so many characters or elements."""
    if kind is str:
        return "a" * count
    if kind is dict:
        return {str(number): "1" for number in range(count)}
    hint = typing.get_type_hints(struct, include_extras=True)[where[0]]
    for step in where[1:]:
        if isinstance(step, str):
            hint = typing.get_type_hints(struct_of(hint), include_extras=True)[step]
    inner = struct_of(hint)
    if inner:
        return [example(inner)] * count
    return ["a"] * count


def cases(*structs):
    return [
        pytest.param(struct, each, id=f"{struct.__name__}-{'.'.join(map(str, each.where))}")
        for struct in structs
        for each in limits(struct)
    ]


def over(struct, each):
    value = filled(struct, each.where, each.kind, each.most + 1)
    frame = example(struct)
    if "id" in frame:
        frame["id"] = uuid.uuid4().hex
    if struct is ChatRequest:
        frame["messages"] = [{"role": "user", "content": "q"}]
    return put(struct, frame, each.where, value)


@pytest.mark.parametrize(("struct", "each"), cases(*CLIENT, ChatRequest))
def test_every_text_and_list_has_a_limit(struct, each):
    assert each.most is not None, f"{struct.__name__}.{each.where} needs a max_length"


@pytest.fixture
async def roomy(serve):
    """A server that takes frames of any size, so that each field's own limit is met."""
    return await serve(ROOM)


async def test_one_more_than_a_limit_of_a_frame_gets_one_clear_error(roomy):
    for struct, each in (case.values for case in cases(*CLIENT)):
        async with roomy.connected() as socket:
            frame = over(struct, each)
            await socket.send(json.dumps(frame | {"type": struct.__struct_config__.tag}))
            refused = await socket.receive()
            # Nothing else comes: the next frame is the answer to the next question.
            following = uuid.uuid4().hex
            answer = await socket.ask(wire.Ask(id=following, question="q", sources=()))
        assert isinstance(refused, Failed), each
        assert refused.code == "bad_frame", each
        assert f"<= {each.most}" in refused.message, each
        named = [step for step in each.where if isinstance(step, str) and step != "a"]
        assert named[-1] in refused.message, each
        assert refused.id == (None if each.where == ("id",) else frame["id"])
        assert {frame.id for frame in answer} == {following}
        assert isinstance(answer[-1], Finished)


async def test_as_much_as_a_limit_allows_is_a_frame(roomy):
    for struct, each in (case.values for case in cases(*CLIENT)):
        frame = over(struct, Limit(each.where, each.kind, each.most - 1, each.least))
        text = json.dumps(frame | {"type": struct.__struct_config__.tag})
        assert isinstance(wire.decode_client(text), struct)


async def test_one_more_than_a_limit_of_a_body_gets_one_clear_error(roomy):
    async with httpx.AsyncClient(base_url=roomy.url, trust_env=False) as client:
        for struct, each in (case.values for case in cases(ChatRequest)):
            refused = await client.post("/v1/chat/completions", json=over(struct, each))
            error = refused.json()["error"]
            assert (refused.status_code, error["code"]) == (400, "bad_frame"), each
            named = [step for step in each.where if isinstance(step, str)]
            assert f"<= {each.most}" in error["message"], each
            assert named[-1] in error["message"], each


@pytest.mark.parametrize("stop", [[""], ["a", ""]])
async def test_an_empty_stop_string_is_refused_over_both_protocols(roomy, stop):
    async with roomy.connected() as socket:
        await socket.send(json.dumps({"type": "ask", "id": "r", "question": "q", "stop": stop}))
        assert (await socket.receive()).code == "bad_frame"
    body = {"messages": [{"role": "user", "content": "q"}]}
    async with httpx.AsyncClient(base_url=roomy.url, trust_env=False) as client:
        for each in (stop, ""):
            refused = await client.post("/v1/chat/completions", json=body | {"stop": each})
            assert refused.status_code == 400
        taken = await client.post("/v1/chat/completions", json=body | {"stop": ["x"] * 16})
        assert taken.status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "%s"}' % ("x" * 500_000),
        '{"type": "ask", "id": "r", "question": "q", "kind": "%s"}' % ("x" * 500_000),
        '{"type": "ask", "id": "%s", "question": 7}' % ("x" * 500_000),
        '{"type": "ask", "id": "r", "question": "\\ud800"}',
        '{"type": "ask", "id": "r", "question": "q", "max_tokens": %s}' % ("9" * 4000),
        '{"type": "ask", "id": "r", "question": "q", "deadline_ms": 1e300}',
        '{"type": "ask", "id": "r", "question": "q", "temperature": 1e400}',
        '{"type": "complete", "id": "r", "prefix": "", "x": %s' % ("[" * 500_000),
        '{"type": "resume", "id": "r", "after_seq": 99999999999}',
    ],
    ids=lambda text: text[:60],
)
async def test_an_error_is_short_and_comes_once_whatever_was_sent(roomy, text):
    async with roomy.connected() as socket:
        await socket.send(text)
        refused = await socket.receive()
        assert refused.code == "bad_frame"
        assert len(wire.encode(refused)) < 1000
        assert isinstance((await socket.ask(wire.Ask(id="n", question="q")))[-1], Finished)


@pytest.mark.parametrize(
    "fields",
    [
        {"question": "a\0b", "context": {"uri": "\0", "text": "\0", "versions": {"\0": "\0"}}},
        {"question": "q", "stop": ["\0"], "instructions": "\0", "history": []},
    ],
)
async def test_a_nul_is_a_character_like_others(roomy, fields):
    async with roomy.connected() as socket:
        await socket.send(json.dumps({"type": "ask", "id": "r\0"} | fields))
        assert isinstance((await socket.until())[-1], Finished)


@pytest.mark.parametrize(
    "filler",
    ['"packages": [%s]' % ",".join(['""'] * 340_000),  # noqa: UP031
     '"versions": {%s}' % ",".join(['"a":"1"'] * 130_000),  # noqa: UP031
     '"unknown": [%s]' % ",".join(["{}"] * 340_000)],  # noqa: UP031
    ids=["list", "duplicate keys", "unknown field"],
)  # fmt: skip
def test_a_frame_of_the_largest_size_is_read_in_no_time(filler):
    text = '{"type": "ask", "id": "r", "question": "q", "context": {"uri": "", %s}}' % filler  # noqa: UP031
    began = time.process_time()
    with contextlib.suppress(msgspec.ValidationError):
        wire.decode_client(text)
    assert time.process_time() - began < 0.25


def test_a_cancel_has_no_other_text_than_its_id():
    """The walk above finds what there is: a list of limits that misses some proves nothing."""
    assert [each.where for each in limits(Cancel)] == [("id",)]
    found = {each.where for each in limits(wire.Ask)}
    assert {("stop", 0), ("context", "versions", -1), ("context", "files", 0, "uri")} <= found
    assert len(found) > 30
