"""Every text that a client can send passes the rails: derived from the types of its frames."""

import types
import typing

import msgspec
import pytest

from backend.admission.gate import Gate
from backend.admission.room import Limits
from backend.answering.answer import Answer
from backend.answering.pipeline import Pipeline
from backend.metrics import Metrics
from backend.ports import Load, TextDelta
from backend.protocol.wire import Ask, Complete, Context, File, Prepare, Selection, Turn, Usage
from backend.rails.input.secrets import SecretsRail
from backend.rails.output.hold_back import NoGuard
from backend.rails.texts import NOT_READ, texts, with_texts
from backend.settings import Rails, Settings
from backend.settings import SecretsRail as SecretsSettings
from tests.fixtures.backend import FixedRetriever

SECRET = "ghp_" + "a1B2" * 9
PATIENT = Settings(rails=Rails(secrets=SecretsSettings(budget_ms=60_000)))


class Reads:
    """A generator that keeps the prompts that it is given."""

    model = "reads"
    fills = True

    def __init__(self):
        self.prompts = []

    async def stream(self, prompt, sampling, request_id):
        self.prompts.append(prompt)
        yield TextDelta("fine", finish="stop")

    async def warm(self, prompt):
        self.prompts.append(prompt)
        return Usage()

    async def load(self):
        return Load()

    async def check(self): ...

    async def close(self): ...


def planted(hint, secret):
    """A value of the type with the secret in every text that is not one of a few words."""
    match typing.get_origin(hint):
        case typing.Annotated:
            return planted(typing.get_args(hint)[0], secret)
        case typing.Union | types.UnionType:
            return planted(typing.get_args(hint)[0], secret)
        case typing.Literal:
            return typing.get_args(hint)[0]
        case origin if origin is tuple:
            return (planted(typing.get_args(hint)[0], secret),)
        case origin if origin is dict:
            key, value = typing.get_args(hint)
            return {planted(key, secret): planted(value, secret)}
        case None if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            hints = typing.get_type_hints(hint, include_extras=True)
            return hint(**{name: planted(hints[name], secret) for name in hint.__struct_fields__})
        case None:
            return {str: secret, int: 1, float: 1.0, bool: True}[hint]


def places(value, path=()):
    """Where the secret stands."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from places(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from places(each, path)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from places(pair, path)
    elif value == SECRET:
        yield path


def only(value, wanted, path=()):
    """The value with the secret in one place alone."""
    if isinstance(value, msgspec.Struct):
        return type(value)(
            **{
                name: only(getattr(value, name), wanted, (*path, name))
                for name in value.__struct_fields__
            }
        )
    if isinstance(value, tuple):
        return tuple(only(each, wanted, path) for each in value)
    if isinstance(value, dict):
        return {only(k, wanted, path): only(v, wanted, path) for k, v in value.items()}
    return "plain" if value == SECRET and path != wanted else value


FRAMES = [planted(kind, SECRET) for kind in (Ask, Prepare, Complete)]
PLACES = [
    pytest.param(frame, place, id=f"{type(frame).__name__}-{'.'.join(place)}")
    for frame in FRAMES
    for place in dict.fromkeys(places(frame))
]


@pytest.mark.parametrize(("frame", "place"), PLACES)
async def test_a_secret_in_any_text_of_a_frame_does_not_reach_the_prompt(frame, place):
    frame = only(frame, place)
    if isinstance(frame, Ask):
        frame = msgspec.structs.replace(frame, model=None, deadline_ms=None)
        if place == ("model",):
            return  # a model of another name is not served
    generator, answer = Reads(), Answer("r")
    shares = {"help": 16.0, "chat": 4.0, "optimize": 1.0}
    pipeline = Pipeline(
        settings=PATIENT, generator=generator, retriever=FixedRetriever(), rails=[SecretsRail()],
        guard=lambda *_: NoGuard(), admission=Gate(Limits(8), shares, lambda *_: None),
        metrics=Metrics(),
    )  # fmt: skip
    match frame:
        case Ask():
            await pipeline.answer(frame, answer)
        case Prepare():
            await pipeline.prepare(frame)
        case Complete():
            await pipeline.complete(frame, answer)

    (prompt,) = generator.prompts
    assert SECRET not in repr(prompt)


@pytest.mark.parametrize("struct", [Ask, Context, Turn, File, Selection])
def test_every_field_that_holds_text_is_read_or_says_why_not(struct):
    """A field that is added is read by the rails without being named anywhere."""
    value = planted(struct, SECRET)
    named = {place[0] for place in places(value)}
    ask = planted(Ask, SECRET)
    read = {step for each in texts(ask) for step in each.path}
    assert named - set(NOT_READ) <= read


def test_what_is_not_read_is_a_field_and_has_a_reason():
    fields = {name for struct in (Ask, Turn) for name in struct.__struct_fields__}
    assert set(NOT_READ) <= fields
    assert all(NOT_READ.values())


def test_what_was_found_is_put_back_in_its_place():
    ask = planted(Ask, "text")
    marked = {each.path: f"{each.text} {number}" for number, each in enumerate(texts(ask))}
    again = with_texts(ask, marked)
    assert {each.path: each.text for each in texts(again)} == marked
    assert with_texts(ask, {}) == ask


def test_what_stays_from_turn_to_turn_comes_first():
    context = Context(uri="u", text="code", scope="s", selection=Selection("chosen", 1, 1))
    ask = Ask("r", "q", context=context, history=(Turn("user", "turn"),), instructions="i")
    read = [each.text for each in texts(ask) if each.text]
    assert read == ["i", "code", "u", "turn", "s", "chosen", "q"]


def test_of_an_address_the_rails_see_what_a_prompt_has():
    ask = Ask("r", "q", context=Context(uri="file:///home/ann@example.com/app.py"))
    assert "app.py" in [each.text for each in texts(ask)]
