"""Where a backend's CPU time goes: how much of it each process spends per answer.

    python -m loadtest.benchmarks.serving.processes --users 20

CPU time hardly depends on what else the machine does, while wall time depends on it wholly. So only
CPU time can show a difference of a few percent between two commits. Limits: what a process does
without being asked is shared among the answers, too, so a slower machine shows more of it. The
fewer tokens an engine's step makes, the more each of them costs.
"""

import argparse
import asyncio
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.drivers.closed_loop import closed_loop, lasting
from loadtest.benchmarks.drivers.users import asking, websocket_users
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.experiments.machine import Meter
from loadtest.experiments.markdown import table
from loadtest.scenarios import questions

WARM_S = 3.0


def name(arguments: Sequence[str]) -> str:
    """What a process is, by its command line. Ray adds what an actor is doing at the moment."""
    title, *rest = arguments
    if "::" in title:
        return title.partition(" ")[0].partition(".")[0]
    if Path(title).name.startswith("python"):
        title = next((each for each in rest if each and not each.startswith("-")), title)
    return Path(title).name.partition(" ")[0]


def spent(meter: Meter, root: int) -> dict[str, float]:
    """CPU seconds of a process and all of its descendants, by name."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for pid, spent_s in meter.each_s(root).items():
        with suppress(psutil.Error):  # it ended meanwhile
            if arguments := psutil.Process(pid).cmdline():
                seconds[name(arguments)] += spent_s
    return seconds


async def _measure(arguments: argparse.Namespace, folder: Path) -> str:
    model = await asyncio.to_thread(tiny_model.make, arguments.model.resolve())
    asked = questions.endless(itertools.count(1000))
    request = asking(arguments.tokens)
    async with (
        serving(folder, Engine(model), arguments.deploy, {}) as backend,
        websocket_users(backend.url, arguments.users, request) as users,
    ):
        await closed_loop(users, lasting(WARM_S, asked))
        meter = Meter()
        done = await closed_loop(users, lasting(arguments.seconds, asked))
        seconds = spent(meter, backend.pid)
    return _table(seconds, len(done.answers))


def _table(seconds: Mapping[str, float], answers: int) -> str:
    most_first = sorted(seconds.items(), key=lambda item: -item[1])
    rows = [*most_first, ("all", sum(seconds.values()))]
    return table(
        [f"{answers} answers", "CPU per answer, ms"],
        [[each, f"{1000 * spent_s / answers:.2f}"] for each, spent_s in rows if spent_s > 0],
    )


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.deploy("ray")
    study.number("--users", 20, "users at once")
    study.number("--tokens", 64, "tokens of an answer")
    study.number("--seconds", 20.0, "time of the measurement")
    study.model()
    study.run(_measure, given)


if __name__ == "__main__":
    main()
