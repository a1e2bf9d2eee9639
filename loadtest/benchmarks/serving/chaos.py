"""Kills replicas in the middle of many streams, and reports what their users notice.

Each user has the websocket client of the language server and repeats one question, which differs
from all others, with greedy decoding. The answers are taken once before anything is killed. After
that, in each round, half of the users ask; a replica gets SIGKILL when a third of their text has
come; then the others ask. Every answer is compared with the undisturbed one, character by
character.

    python -m loadtest.benchmarks.serving.chaos --times 20

Limits: there is one machine, so no network ever splits. The tiny model runs in float32, because in
bfloat16 two engines that batch differently do not always agree on the likeliest token.
"""

import argparse
import asyncio
import itertools
import random
import signal
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backend.protocol.wire import Ask, Delta, Failed, Finished, Terminal
from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import Backend, serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import ProcessFailed
from loadtest.experiments import markdown
from loadtest.scenarios import questions
from lsp_server.client.client import Client, ClientError

VICTIMS = {"generator": 2, "gateway": 2, "rail-pii": 2}  # replicas of each deployment
KILL_AFTER = 1 / 3  # of the undisturbed text
RESUME_S = 60.0

SETTINGS = {
    "rails.pii.action": "redact",
    "ray.gateway_replicas": 2,
    "ray.generator_replicas": 2,
    "ray.rails_replicas": 2,
    "ray.health_check_period_s": 1,
    "server.default_deadline_s": 300,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer as its user saw it. ``pause_s`` is the longest silence in it."""

    text: str
    end: str  # the reason or error it ended with; "" without a terminal frame
    terminals: int
    pause_s: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened to the answers while replicas of one deployment were killed."""

    kills: int = 0
    answers: int = 0
    ended_once: int = 0
    exact: int = 0
    pauses_s: tuple[float, ...] = ()
    others: tuple[str, ...] = ()  # how the answers ended that were not exact

    def and_of(self, outcomes: Sequence[Outcome], expected: Sequence[str]) -> "Tally":
        exact = [
            outcome.end in ("stop", "length") and outcome.text == text
            for outcome, text in zip(outcomes, expected, strict=True)
        ]
        wrong = [each.end for each, right in zip(outcomes, exact, strict=True) if not right]
        return replace(
            self,
            kills=self.kills + 1,
            answers=self.answers + len(outcomes),
            ended_once=self.ended_once + sum(each.terminals == 1 for each in outcomes),
            exact=self.exact + sum(exact),
            pauses_s=(*self.pauses_s, max(each.pause_s for each in outcomes)),
            others=(*self.others, *wrong),
        )


def table(tallies: dict[str, Tally]) -> str:
    """In Markdown."""
    header = [
        "killed",
        "times",
        "answers",
        "ended in one terminal frame",
        "complete and exact",
        "longest silence, s: median, worst",
        "the others ended",
    ]
    rows = []
    for victim, tally in tallies.items():
        pauses = sorted(tally.pauses_s)
        rows.append(
            [
                victim,
                str(tally.kills),
                str(tally.answers),
                _share(tally.ended_once, tally),
                _share(tally.exact, tally),
                f"{pauses[len(pauses) // 2]:.1f}, {pauses[-1]:.1f}",
                ", ".join(sorted(set(tally.others))) or "–",
            ]
        )
    return markdown.table(header, rows)


def _share(count: int, tally: Tally) -> str:
    return f"{count} ({100 * count / tally.answers:.1f} %)"


class Meter:
    """Counts the text of all answers. ``reached`` is set when there is enough to kill a replica."""

    def __init__(self, enough: float) -> None:
        self.reached = asyncio.Event()
        self._left = enough

    def add(self, text: str) -> None:
        self._left -= len(text)
        if self._left <= 0:
            self.reached.set()


async def _answer(client: Client, question: str, tokens: int, meter: Meter) -> Outcome:
    ask = Ask(
        id=uuid.uuid4().hex, question=question, sources=(), max_tokens=tokens, temperature=0.0
    )
    text, end, terminals, pause_s = "", "", 0, 0.0
    last = time.perf_counter()
    try:
        async for frame in client.ask(ask):
            now = time.perf_counter()
            if isinstance(frame, Delta):
                if text:
                    pause_s = max(pause_s, now - last)
                last = now
                text += frame.text
                meter.add(frame.text)
            elif isinstance(frame, Terminal):
                terminals += 1
                end = frame.reason if isinstance(frame, Finished) else _told(frame)
    except ClientError as error:
        end = f"error: {error}"
    return Outcome(text, end, terminals, pause_s)


def _told(frame: Terminal) -> str:
    return f"{frame.code}: {frame.message}" if isinstance(frame, Failed) else "not an answer"


async def _round(
    backend: Backend, clients: list[Client], expected: list[str], tokens: int, victim: str
) -> list[Outcome]:
    asked = [questions.about(number) for number in range(len(clients))]
    early = sum(len(text) for text in expected[::2])
    meter = Meter(KILL_AFTER * early)

    async def user(number: int) -> Outcome:
        if number % 2:
            await meter.reached.wait()
        return await _answer(clients[number], asked[number], tokens, meter)

    async with asyncio.TaskGroup() as group:
        users = [group.create_task(user(number)) for number in range(len(clients))]
        await meter.reached.wait()
        random.choice(backend.replicas(victim)).send_signal(signal.SIGKILL)
    return [each.result() for each in users]


async def _undisturbed(clients: list[Client], tokens: int) -> list[str]:
    answers = await asyncio.gather(
        *(
            _answer(client, questions.about(number), tokens, Meter(0))
            for number, client in enumerate(clients)
        )
    )
    for each in answers:
        if each.end not in ("stop", "length"):
            raise ProcessFailed(f"an answer failed before anything was killed: {each.end}")
    return [each.text for each in answers]


async def _run(arguments: argparse.Namespace, folder: Path) -> str:
    model = await asyncio.to_thread(tiny_model.make, arguments.model.resolve())
    engine = Engine(model, dtype="float32")
    say("Starting two gateways, two generators and two rails on Ray Serve ...")
    async with serving(folder, engine, "ray", SETTINGS) as backend:
        clients = [Client(backend.url, resume_s=RESUME_S) for _ in range(arguments.streams)]
        tallies: dict[str, Tally] = {}
        try:
            expected = await _undisturbed(clients, arguments.tokens)
            for turn, victim in itertools.product(range(arguments.times), arguments.victims):
                await backend.until_whole(victim, VICTIMS[victim])
                outcomes = await _round(backend, clients, expected, arguments.tokens, victim)
                before = tallies.get(victim, Tally())
                tally = tallies[victim] = before.and_of(outcomes, expected)
                say(
                    f"{turn + 1}/{arguments.times} {victim}: {tally.exact - before.exact} of "
                    f"{len(outcomes)} exact, longest silence {tally.pauses_s[-1]:.1f} s"
                    f"{''.join(f'; {other}' for other in tally.others[len(before.others) :])}"
                )
        finally:
            for client in clients:
                await client.close()
    return table(tallies)


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--times", 20, "kills in each deployment")
    study.number("--streams", 30, "users")
    study.number("--tokens", 150, "tokens of an answer")
    study.add_argument(
        "--victims", nargs="+", choices=VICTIMS, default=list(VICTIMS), metavar="NAME",
        help=f"deployments whose replicas are killed: {', '.join(VICTIMS)}",
    )  # fmt: skip
    study.model()
    study.run(_run)


if __name__ == "__main__":
    main()
