"""Who asks what and when: traces, either recorded or made from a seed.

A trace is a JSON Lines file; each line is one request, in the order of ``at_s``::

    {"at_s": 0.42, "user": "u17", "kind": "chat", "prompt_tokens": 1696, "cached_tokens": 412,
     "output_tokens": 171}

``at_s`` counts from the trace's beginning; tokens are the engine's own counts.
"""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

THINK_S = 240.0  # between two questions of a developer at work, on average
KINDS = {"help": 0.35, "chat": 0.5, "optimize": 0.15}
# Medians and spreads of lognormal lengths, in tokens: (prompt, spread), (output, spread).
LENGTHS = {
    "help": ((900, 0.5), (120, 0.5)),
    "chat": ((2200, 0.5), (220, 0.7)),
    "optimize": ((1800, 0.6), (400, 0.6)),
}
CACHED = 0.35  # of a prompt: the instructions and the start that a conversation shares
LONGEST = 6000
TRACES = Path(__file__).parent / "traces"


class Asked(Struct):
    """A line of a trace."""

    at_s: float
    user: str
    kind: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int

    @property
    def cost(self) -> int:
        """Tokens of work: those of the prompt that are not cached, and those of the answer."""
        return self.prompt_tokens - self.cached_tokens + self.output_tokens


def read(path: Path) -> list[Asked]:
    """Raises ``OSError`` or ``ValueError``."""
    decoder = msgspec.json.Decoder(Asked)
    try:
        asked = decoder.decode_lines(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error
    return sorted(asked, key=lambda each: each.at_s)


def write(asked: list[Asked], path: Path) -> None:
    path.write_bytes(msgspec.json.Encoder().encode_lines(asked))


Rate = Callable[[float], float]  # share of the users at work, by seconds since the start


def diurnal(users: int, hours: float, seed: int) -> list[Asked]:
    """A compressed working day: it fills up, dips at noon and empties."""
    length = hours * 3600

    def at_work(at_s: float) -> float:
        day = at_s / length
        busy = math.sin(math.pi * day) ** 2
        noon = 0.35 * math.exp(-(((day - 0.5) / 0.06) ** 2))
        return 0.03 + 0.97 * max(0.0, busy - noon)

    return list(_people(users, length, at_work, seed))


def spike(users: int, hours: float, seed: int) -> list[Asked]:
    """A launch: a tenth of the users, then all of them within two minutes, for half the time."""
    length = hours * 3600
    begins, climbs_s = 0.25 * length, 120.0

    def at_work(at_s: float) -> float:
        up = min(1.0, max(0.0, (at_s - begins) / climbs_s))
        down = min(1.0, max(0.0, (at_s - 0.75 * length) / climbs_s))
        return 0.1 + 0.9 * (up - down)

    return list(_people(users, length, at_work, seed))


def flood(users: int, hours: float, seed: int) -> list[Asked]:
    """A third of the users are at work; in the middle third of the time one script keeps asking."""
    length = hours * 3600
    asked = list(_people(users, length, lambda _: 0.33, seed))
    rate = users * 0.33 / THINK_S  # the script doubles the arrivals
    draw = random.Random(seed + 1)
    asked += [
        _ask(draw, at_s, "script", "chat")
        for at_s in _arrivals(draw, length, rate, lambda at_s: length < 3 * at_s < 2 * length)
    ]
    return sorted(asked, key=lambda each: each.at_s)


SYNTHETIC: dict[str, Callable[[int, float, int], list[Asked]]] = {
    "diurnal": diurnal,
    "spike": spike,
    "flood": flood,
}


def _people(users: int, length_s: float, at_work: Rate, seed: int) -> Iterator[Asked]:
    """Each user asks at random while at work, with ``THINK_S`` between two questions."""
    draw = random.Random(seed)
    for at_s in _arrivals(draw, length_s, users / THINK_S, at_work):
        kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
        yield _ask(draw, at_s, f"u{draw.randrange(users)}", kind)


def _arrivals(draw: random.Random, length_s: float, peak: float, share: Rate) -> Iterator[float]:
    """A Poisson process of varying rate, by thinning (P. Lewis, G. Shedler, 1979)."""
    at_s = 0.0
    while (at_s := at_s + draw.expovariate(peak)) < length_s:
        if draw.random() < share(at_s):
            yield round(at_s, 3)


def _ask(draw: random.Random, at_s: float, user: str, kind: str) -> Asked:
    (prompt, prompt_spread), (output, output_spread) = LENGTHS[kind]
    prompts = _length(draw, prompt, prompt_spread)
    return Asked(
        at_s, user, kind, prompts, int(CACHED * prompts), _length(draw, output, output_spread)
    )


def _length(draw: random.Random, median: float, spread: float) -> int:
    return max(16, min(LONGEST, round(draw.lognormvariate(math.log(median), spread))))
