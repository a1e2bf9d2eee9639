"""Where a backend's CPU time goes: of each of its processes, per answer.

    python -m loadtest.benchmarks.serving.processes --users 20

CPU time hardly depends on what else the machine does, and wall time wholly: of two commits that
differ by a few percent, only this shows it. Limits: what a process does on its own, asked or not,
is shared among the answers too, so a slower machine shows more of it; and the fewer tokens an
engine's step makes, the more each of them costs.
"""

import argparse
import asyncio
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from loadtest.benchmarks import command
from loadtest.benchmarks.drivers.closed_loop import closed_loop, lasting
from loadtest.benchmarks.drivers.users import websocket_users
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.server import asking
from loadtest.experiments.machine import Meter
from loadtest.experiments.markdown import table
from loadtest.scenarios import questions

WARM_S = 3.0


def name(arguments: Sequence[str]) -> str:
    """What a process is, by its command line; Ray writes there what an actor does at the time."""
    title, *rest = arguments
    if "::" in title:
        return title.partition(" ")[0].partition(".")[0]
    if Path(title).name.startswith("python"):
        title = next((each for each in rest if each and not each.startswith("-")), title)
    return Path(title).name.partition(" ")[0]


def spent(meter: Meter, root: int) -> dict[str, float]:
    """CPU seconds on ``meter``, by name, of a process and all of its descendants."""
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
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.serving.processes",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--deploy", choices=("local", "ray"), default="ray")
    parser.add_argument("--users", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--tokens", type=int, default=64, help="of an answer (default: 64)")
    parser.add_argument("--seconds", type=float, default=20.0, help="default: %(default)s")
    parser.add_argument("--model", type=Path, default=Path(".models/tiny"))
    arguments = parser.parse_args(given)
    command.run("processes", lambda folder: _measure(arguments, folder))


if __name__ == "__main__":
    main()
