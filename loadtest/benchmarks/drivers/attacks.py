"""What a hostile client sends: each attack at the largest size that the protocol allows.

    python -m loadtest.benchmarks.drivers.attacks URL NAME SECONDS

Runs one attack in a separate process, so that its cost does not disturb the measurement. It sends
only to the named server, at a bounded rate, and stops by itself.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import uvloop
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.drivers.users import dial

FRAME_BYTES = 1_048_576  # `[server] max_frame_bytes` by default
_FILL = FRAME_BYTES - 2_000  # characters of text that fit beside the rest of a frame
Frames = Iterator[str]


@dataclass(frozen=True, slots=True)
class Attack:
    """Sends ``frames`` over each of ``sockets`` websockets, ``rate`` of them a second.

    Without frames it opens connections and leaves them.
    """

    about: str
    frames: Callable[[], Frames] | None
    rate: float
    sockets: int = 1


def _asks(**fields: object) -> Callable[[], Frames]:
    """Questions that differ only in their id. The text is made once, so that sending is cheap."""
    template = json.dumps(
        {"type": "ask", "id": "#", "question": "why?", "max_tokens": 8} | fields, ensure_ascii=False
    )
    return _numbered(template)


def _numbered(template: str) -> Callable[[], Frames]:
    before, _, after = template.partition('"#"')
    return lambda: (f'{before}"a{number}"{after}' for number in itertools.count())


def _in_context(**context: object) -> Callable[[], Frames]:
    return _asks(context={"uri": "file:///a.py"} | context)


def _of(text: str, size: int = _FILL) -> str:
    return (text * (size // len(text) + 1))[:size]


def _nested(depth: int) -> Callable[[], Frames]:
    return _numbered('{"type":"ask","id":"#","question":' + "[" * depth + "]" * depth + "}")


_PREPARE = json.dumps({"type": "prepare", "id": "#", "question": "how do I compute an inverse FFT"})
_LOOKUP = json.dumps({"type": "lookup", "id": "#", "symbol": "a." * 120 + "b"})
_RESUME = json.dumps({"type": "resume", "id": "#"})
_COMPLETE = json.dumps({"type": "complete", "id": "#", "prefix": _of("x = foo(")})

ATTACKS: dict[str, Attack] = {
    "one-word": Attack("questions of one word of 1 MB", _asks(question="a" * _FILL), 4),
    "dotted": Attack("questions of 200,000 dotted names", _asks(question=_of("ab.cd ")), 4),
    "unicode": Attack("questions of 260,000 joined emoji",
                      _asks(question=_of("\U0001f468\u200d", _FILL // 4)), 4),
    "prepare": Attack("prepare, the quota exhausted", _numbered(_PREPARE), 500),
    "secrets": Attack("`salt=` in the question", _asks(question=_of("salt=")), 4),
    "mails": Attack("`a@a.` in the code", _in_context(text=_of("a@a.")), 4),
    "markup": Attack("`<!--` in the code", _in_context(text=_of("<!--")), 4),
    "links": Attack("half-made links in the diff", _in_context(diff=_of("[a](")), 4),
    "backticks": Attack("backticks in a mentioned file",
                        _in_context(files=[{"uri": "b", "text": _of("`a")}]), 4),
    "history": Attack("a long conversation", _asks(
        history=[{"role": "user", "text": _of("[](", 5_000)} for _ in range(200)]), 4),
    "versions": Attack("60,000 versions", _in_context(
        versions={f"p{n}": "1" for n in range(60_000)}), 4),
    "packages": Attack("100,000 packages", _in_context(
        packages=[f"p{n}" for n in range(100_000)]), 4),
    "stops": Attack("100,000 stop strings", _asks(stop=[f"s{n}" for n in range(100_000)]), 4),
    "lookup": Attack("look-ups of long names", _numbered(_LOOKUP), 300),
    "resume": Attack("resuming what was never asked", _numbered(_RESUME), 500),
    "complete": Attack("completions of 1 MB", _numbered(_COMPLETE), 4),
    "nested": Attack("lists in lists, 400,000 deep", _nested(400_000), 4),
    "garbage": Attack("frames that are no JSON", lambda: itertools.repeat(_of("{[\"")), 4),
    "too-large": Attack("frames over the limit", lambda: itertools.repeat(_of("x", 2_000_000)), 4),
    "short": Attack("short questions, as many as are taken", _asks(question="why?"), 200, 4),
    "sockets": Attack("websockets that open and leave", None, 50),
}  # fmt: skip


async def run(url: str, name: str, seconds: float) -> None:
    """Attacks for ``seconds``, as a separate user. Reconnects when the server hangs up."""
    attack = ATTACKS[name]
    ends = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as tasks:
        for _ in range(attack.sockets):
            tasks.create_task(_attack(url, attack, {"X-User": name}, ends))


async def _attack(url: str, attack: Attack, user: Mapping[str, str], ends: float) -> None:
    clock = asyncio.get_running_loop().time
    while clock() < ends:
        with suppress(OSError, TimeoutError, WebSocketException):
            async with dial(
                url, additional_headers=user, max_size=None, open_timeout=10, close_timeout=1
            ) as socket:
                if attack.frames is not None:
                    reading = asyncio.create_task(_read(socket))
                    try:
                        await _send(socket, attack.frames(), attack.rate, ends)
                    finally:
                        reading.cancel()
        await asyncio.sleep(1 / attack.rate)


async def _send(socket: ClientConnection, frames: Frames, rate: float, ends: float) -> None:
    clock = asyncio.get_running_loop().time
    due = clock()
    for frame in frames:
        if clock() >= ends:
            return
        await socket.send(frame)
        due = max(due + 1 / rate, clock() - 1)  # never catches up by over a second
        await asyncio.sleep(due - clock())


async def _read(socket: ClientConnection) -> None:
    """Reads and drops everything. An attacker that does not read would only block itself."""
    with suppress(WebSocketException):
        async for _ in socket:
            pass


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("url")
    study.add_argument("name", choices=ATTACKS)
    study.add_argument("seconds", type=float)
    given = study.parse_args()
    uvloop.run(run(given.url, given.name, given.seconds))


if __name__ == "__main__":
    main()
