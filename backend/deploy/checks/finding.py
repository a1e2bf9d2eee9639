"""The finding of a check. Pure."""

from typing import Literal

from msgspec import Struct

# `unchecked`: nothing on this machine can tell.
State = Literal["ok", "warning", "wrong", "unchecked"]


class Finding(Struct, frozen=True):
    """The state of one thing. ``todo`` says what to do if it is not ok."""

    check: str
    state: State
    said: str
    todo: str = ""


def ok(check: str, said: str) -> Finding:
    return Finding(check, "ok", said)


def warning(check: str, said: str, todo: str) -> Finding:
    return Finding(check, "warning", said, todo)


def wrong(check: str, said: str, todo: str) -> Finding:
    return Finding(check, "wrong", said, todo)


def unchecked(check: str, said: str) -> Finding:
    return Finding(check, "unchecked", said)


def of_message(check: str, message: str, todo: str, state: State = "wrong") -> Finding:
    """A finding for the message of an error: what happened, and then what to do.

    ``todo`` stands in for a message of one sentence.
    """
    message = message.strip()
    for between in (". ", "; "):
        said, found, last = message.rpartition(between)
        if found:
            return Finding(check, state, f"{said}.", last[:1].upper() + last[1:])
    return Finding(check, state, message, todo)
