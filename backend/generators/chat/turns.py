"""Writes a conversation for models that take fewer kinds of messages. Pure."""

from collections.abc import Sequence
from itertools import groupby

from backend.ports import Message


def adapted(messages: Sequence[Message], *, system: bool, strict: bool) -> list[Message]:
    """The conversation as a model takes it: with a ``system`` role, in ``strict`` turns."""
    taken = list(messages) if system else without_system(messages)
    return alternating(taken) if strict else taken


def without_system(messages: Sequence[Message]) -> list[Message]:
    """What the system messages say comes first in the first message of the user."""
    system = [each.text for each in messages if each.role == "system"]
    rest = [each for each in messages if each.role != "system"]
    if not system:
        return rest
    first = next((at for at, each in enumerate(rest) if each.role == "user"), None)
    if first is None:
        return [Message("user", "\n\n".join(system)), *rest]
    rest[first] = Message("user", "\n\n".join((*system, rest[first].text)))
    return rest


def alternating(messages: Sequence[Message]) -> list[Message]:
    """User and assistant take turns, and the user begins.

    An answer whose question is no longer there is left out, and neighbours of the same role become
    one message.
    """
    system = [each for each in messages if each.role == "system"]
    turns = [each for each in messages if each.role != "system"]
    while turns and turns[0].role == "assistant":
        del turns[0]
    joined = [
        Message(role, "\n\n".join(each.text for each in same))
        for role, same in groupby(turns, key=lambda each: each.role)
    ]
    return [*system, *joined]
