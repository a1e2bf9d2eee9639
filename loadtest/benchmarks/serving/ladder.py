"""The load ladder: TTFT and tokens/s from one user to fifty, of every way to serve one model.

Measured are FastAPI with a Hugging Face pipeline, `vllm serve`, `ray.serve.llm` in both its modes,
and our gateway, local and on Ray Serve with one and with two generators. One server runs at a time
and has the machine, and the GPU's memory, to itself. The order is reversed from pass to pass.

Each user asks again as soon as it is answered, with a question that nobody asked before, so that no
prefix cache helps. TTFT counts from sending the question to the first text; tokens/s are the
engine's counts over the wall time. Ratios are taken to `vllm serve`, pass by pass. Look at the
ratios, because absolute figures depend on this machine.

On a GPU, `--dummy 7b` serves a model of 7B's dimensions with random weights. The pipeline needs
weights and is then left out, and so are two generators if there is one GPU. `full` has all rails on
and retrieves; to compare with it, `vllm serve` is asked with the passages that it finds.

The Markdown goes to standard output, progress to standard error. Ctrl-C ends the program with the
table of what has been measured so far, and `--json` is written after each path. A path that fails
is left out, and the report says why. The defaults take about 25 minutes.
"""

import argparse
import asyncio
import importlib.util
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec

from loadtest.benchmarks import summary
from loadtest.benchmarks.command import Study, StudyFailed, say
from loadtest.benchmarks.drivers import turns
from loadtest.benchmarks.drivers.capture import prepared
from loadtest.benchmarks.drivers.closed_loop import Pass, lasting
from loadtest.benchmarks.models import dummy_model, tiny_model
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.paths import Route, Setting
from loadtest.experiments import machine
from loadtest.scenarios import questions

Passes = dict[tuple[str, int], list[Pass]]
Server = Callable[[Setting], AbstractAsyncContextManager[dict[str, Route]]]

# The lowest rung comes first: the name of its row in the table, and what starts it.
PATHS: dict[str, tuple[str, Server]] = {
    "pipeline": (paths.PIPELINE, paths.pipeline),
    "vllm-serve": (paths.VLLM_SERVE, paths.vllm_serve),
    "ray-llm": (paths.RAY_LLM_APP, paths.ray_llm_app),
    "ray-llm-direct": (paths.RAY_LLM_DIRECT, paths.ray_llm_direct),
    "local": (paths.LOCAL, paths.local_gateway),
    "ray": (paths.RAY, paths.ray_gateway),
    "ray-2": (paths.RAY_TWO, paths.two_replicas),
    "full": (paths.FULL, paths.full_gateway),
}
# These read what retrieval finds, 1,700 tokens instead of 150, which is another measurement.
DOCUMENTED = (paths.VLLM_DOCUMENTED, paths.FULL)
LIGHT_S = 3.0  # of warming up
COLUMNS = (summary.TTFT_P50, summary.TTFT_P99, summary.TOKENS, summary.CPU)
SPAN = 100_000  # questions set aside for each pass and number of users


def _study() -> Study:
    study = Study(__spec__, __doc__)
    study.add_argument(
        "--paths", nargs="+", choices=PATHS, default=list(PATHS), metavar="NAME",
        help=f"measure only these: {', '.join(PATHS)}",
    )  # fmt: skip
    study.number("--users", [1, 10, 20, 30, 50], "users at once, who all stream")
    study.number("--seconds", 8.0, "time for each path and number of users, per pass")
    study.number("--passes", 2, "measured passes")
    study.number("--tokens", 64, "tokens of an answer")
    study.add_argument(
        "--dummy", choices=dummy_model.SIZES, metavar="SIZE",
        help=f"serve a model of this size without weights: {', '.join(dummy_model.SIZES)}",
    )  # fmt: skip
    study.models()
    study.add_argument("--json", type=Path, metavar="FILE", help="write every answer there")
    return study


def _left_out(arguments: argparse.Namespace) -> dict[str, str]:
    """Paths that cannot run here, and why."""
    reasons: dict[str, str] = {}
    if importlib.util.find_spec("pyarrow") is None:
        needs = "ray.serve.llm cannot be imported without pyarrow: pip install pyarrow"
        reasons |= {"ray-llm": needs, "ray-llm-direct": needs}
    if arguments.dummy:
        reasons["pipeline"] = "there are no weights for it to load"
        if machine.gpus() == 1:
            reasons["ray-2"] = "there is one GPU"
    return {name: why for name, why in reasons.items() if name in arguments.paths}


def _engine(arguments: argparse.Namespace) -> Engine:
    folder = arguments.models.resolve()
    tiny = folder / "tiny"
    if not arguments.dummy:
        return Engine(tiny_model.make(tiny))
    model = dummy_model.make(arguments.dummy, folder / f"dummy-{arguments.dummy}", tiny)
    return Engine(model, load_format="dummy", eager=not machine.gpus(), gpus=machine.gpus() > 0)


async def _climb(
    arguments: argparse.Namespace,
    names: list[str],
    setting: Setting,
    measured: Passes,
    missing: dict[str, str],
) -> None:
    """Fills ``measured`` as it goes, and ``missing`` with the paths that failed."""
    for turn in range(arguments.passes):
        done: dict[int, dict[str, Pass]] = {users: {} for users in arguments.users}
        for name in names[:: -1 if turn % 2 else 1]:
            if name in missing:
                continue
            rows = [PATHS[name][0]]
            if name == "vllm-serve" and "full" in names:
                rows.append(paths.VLLM_DOCUMENTED)
            try:
                await _rungs(arguments, name, rows, setting, turn, done)
            except (StudyFailed, OSError, ExceptionGroup) as failed:
                # One path that fails must not cost the figures of all the others.
                missing[name] = f"it failed: {_first(failed)}"
                say(f"Going on without {name}: {missing[name]}")
                continue
            for users, by_row in done.items():
                for row in rows:
                    measured.setdefault((row, users), []).append(by_row[row])
            if arguments.json:
                _write(arguments.json, measured)
        for by_row in done.values():
            bare = {row: taken for row, taken in by_row.items() if row not in DOCUMENTED}
            if bare:
                turns.expect_fair(bare)


async def _rungs(
    arguments: argparse.Namespace,
    name: str,
    rows: list[str],
    setting: Setting,
    turn: int,
    done: dict[int, dict[str, Pass]],
) -> None:
    """Measures one path at each number of users, while it has the machine to itself."""
    say(f"Starting {rows[0]} ...")
    async with PATHS[name][1](setting) as routes:
        for row in rows:
            # The first requests compile, connect and allocate, so they are not measured.
            warm = _questions(row, SPAN // 2)
            await routes[row].measure(max(arguments.users), lasting(LIGHT_S, warm))
            for rung, users in enumerate(arguments.users):
                asked = _questions(row, SPAN * (1 + turn * len(arguments.users) + rung))
                taken = await turns.watched(routes[row], users, lasting(arguments.seconds, asked))
                turns.tell(turn + 1, users, row, taken)
                done[users][row] = taken


def _first(error: Exception) -> str:
    """The first of the errors that users saw at once, without the log that may follow it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return str(error).splitlines()[0]


def _questions(row: str, first: int) -> Iterator[str]:
    if row in DOCUMENTED:
        return itertools.cycle(questions.TOPICS)
    return questions.endless(itertools.count(first))


async def _ladder(arguments: argparse.Namespace, folder: Path) -> str:
    missing = _left_out(arguments)
    for name, why in missing.items():
        say(f"Leaving {name} out: {why}.")
    names = [name for name in PATHS if name in arguments.paths and name not in missing]
    if not names:
        raise StudyFailed("nothing is left to measure")
    before = await turns.quiet("Before anything was started")
    engine = await asyncio.to_thread(_engine, arguments)
    topics = questions.TOPICS if "full" in names else ()
    setting = await prepared(engine, arguments.tokens, topics, folder)
    measured: Passes = {}
    try:
        await _climb(arguments, names, setting, measured, missing)
    except BaseException:
        if measured:
            print(_report(arguments, before, measured, missing), flush=True)
        raise
    if not measured:
        raise StudyFailed("nothing could be measured")
    return _report(arguments, before, measured, missing)


def _write(file: Path, measured: Passes) -> None:
    raw = [{"path": row, "users": users, "passes": done} for (row, users), done in measured.items()]
    file.write_bytes(msgspec.json.encode({"machine": machine.describe(), "results": raw}))


def _report(
    arguments: argparse.Namespace, before: float, passes: Passes, missing: dict[str, str]
) -> str:
    rows = list(dict.fromkeys(row for row, _ in passes))
    model = f"a model of {arguments.dummy} size" if arguments.dummy else "the tiny model"
    parts = [
        f"{turns.conditions()} {model[0].upper()}{model[1:]}, "
        f"{arguments.tokens} tokens an answer, {arguments.passes} passes of "
        f"{arguments.seconds:.0f} s. Busy cores before the start: {before:.2f}; by everything "
        f"else while measuring: {turns.others(passes)}."
    ]
    parts += [f"Left out: {name}, because {why}." for name, why in missing.items()]
    for baseline, columns, ahead in (
        (paths.VLLM_SERVE, COLUMNS[:3], "TTFT below 1, tokens/s above 1"),
        (paths.VLLM_DOCUMENTED, COLUMNS[:3], "TTFT below 1, tokens/s above 1"),
        (paths.PIPELINE, (summary.TOKENS,), "above 1"),
    ):
        compared = [row for row in rows if row != baseline]
        if baseline == paths.VLLM_DOCUMENTED:
            compared = [row for row in compared if row in DOCUMENTED]
        if baseline in rows and compared:
            parts += [
                f"Ratios to {baseline}, by users (ahead: {ahead}):",
                summary.ratios_table(passes, compared, baseline, columns),
            ]
    parts += ["Figures:", summary.figures_table(passes, COLUMNS)]
    parts += ["Tokens per answer, and what the client cost:", summary.fairness_table(passes)]
    return "\n\n".join(parts)


def main(given: Sequence[str] | None = None) -> None:
    _study().run(_ladder, given)


if __name__ == "__main__":
    main()
