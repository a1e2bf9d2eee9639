"""What one user asks in one conversation: kinds, lengths and pauses, drawn from a seed. Pure.

The distributions in ``Workload`` were chosen, not measured. Lengths and pauses are log-normal, as
they roughly are in public traces of LLM services (Splitwise, arXiv:2311.18677), and the number of
turns is geometric. Adapt them to your own users before you plan capacity with them.
"""

import inspect
import math
import random
import statistics
import textwrap
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from backend.protocol.wire import Ask, Context, Kind, Selection
from backend.protocol.wire import Turn as Said
from loadtest.scenarios.questions import TOPICS

_HISTORY_TURNS = 8


class LogNormal(Struct, frozen=True):
    """A log-normal distribution: its median, and the ratio of its 95th percentile to that."""

    median: float
    p95_over_median: float

    def draw(self, random_: random.Random) -> float:
        sigma = math.log(self.p95_over_median) / 1.645
        return random_.lognormvariate(math.log(self.median), sigma)


class Workload(Struct, frozen=True):
    """The distributions of everything that is random about a user."""

    seed: int = 7
    # Shares of the chat panel, of inline help at the cursor, and of rewrites.
    kinds: tuple[tuple[Kind, float], ...] = (("chat", 0.6), ("help", 0.25), ("optimize", 0.15))
    turns_mean: float = 2.5  # geometric; help and rewrites are single turns
    code_chars: LogNormal = LogNormal(600, 5)  # that come with the question
    max_tokens: LogNormal = LogNormal(64, 4)
    think_s: LogNormal = LogNormal(4, 4)  # between an answer's end and the next question
    longest_code: int = 6000
    longest_answer: int = 256

    def mean_think_s(self) -> float:
        """The mean of many draws. The rate of an open loop is derived from it."""
        draw = random.Random(self.seed)
        return statistics.fmean(self.think_s.draw(draw) for _ in range(10_000))

    def conversations(self, user: int) -> Iterator["Conversation"]:
        """Endless conversations of one user, the same for the same seed and user."""
        draw = random.Random(f"{self.seed}/{user}")
        serial = 0
        while True:
            yield Conversation(self, draw, f"{self.seed}-{user}-{serial}")
            serial += 1


class Turn(Struct, frozen=True):
    """A question, what it comes with, and the pause before it."""

    kind: Kind
    question: str
    code: str
    max_tokens: int
    think_s: float


class Conversation:
    """Several turns. ``ask`` makes the frame of a turn, and ``heard`` keeps its answer."""

    def __init__(self, workload: Workload, draw: random.Random, name: str) -> None:
        self._name = name
        self._said: list[Said] = []
        kinds, shares = zip(*workload.kinds, strict=True)
        kind: Kind = draw.choices(kinds, shares)[0]
        more = 1 - 1 / workload.turns_mean
        count = 1
        while kind == "chat" and draw.random() < more:
            count += 1
        code = _code(draw, min(int(workload.code_chars.draw(draw)), workload.longest_code))
        self.turns = [
            Turn(
                kind=kind,
                question=f"{draw.choice(TOPICS)} (case {name}-{number})",
                code=code,
                max_tokens=max(
                    1, min(int(workload.max_tokens.draw(draw)), workload.longest_answer)
                ),
                think_s=workload.think_s.draw(draw),
            )
            for number in range(count)
        ]

    def ask(self, turn: Turn, request_id: str, sources: tuple[str, ...] | None) -> Ask:
        lines = turn.code.count("\n") + 1
        selection = Selection(turn.code, 1, lines) if turn.kind == "optimize" else None
        return Ask(
            id=request_id,
            question=turn.question,
            kind=turn.kind,
            context=Context(
                uri=f"file:///home/ada/{self._name}.py",
                language="python",
                text=turn.code,
                selection=selection,
            ),
            history=tuple(self._said[-_HISTORY_TURNS:]),
            sources=sources,
            max_tokens=turn.max_tokens,
        )

    def messages(self, turn: Turn) -> list[dict[str, str]]:
        """The same, for a server that only speaks OpenAI's chat completions."""
        said = [{"role": each.role, "content": each.text} for each in self._said[-_HISTORY_TURNS:]]
        content = f"```python\n{turn.code}\n```\n{turn.question}"
        return [*said, {"role": "user", "content": content}]

    def heard(self, turn: Turn, answer: str) -> None:
        self._said += [Said("user", turn.question), Said("assistant", answer)]


@cache
def _corpus() -> str:
    """Code that a developer might have on the screen: two modules of the standard library."""
    return inspect.getsource(statistics) + inspect.getsource(textwrap)


def _code(draw: random.Random, characters: int) -> str:
    text = _corpus()
    start = text.find("\n", draw.randrange(len(text) - characters)) + 1
    return text[start : start + characters].rpartition("\n")[0] or text[start : start + characters]
