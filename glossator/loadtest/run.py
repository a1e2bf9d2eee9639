"""`glossator loadtest`: runs Locust on our scenarios, and reads the log of the results."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.errors import GlossatorError
from loadtest import scenarios
from loadtest.experiments import compare as comparing
from loadtest.experiments.figures import Slo
from loadtest.experiments.log import Experiment, read, samples_of
from loadtest.experiments.report import page
from loadtest.experiments.sample import Sample
from loadtest.scenarios.options import Options
from loadtest.scenarios.server import Server

_LOCUSTFILE = Path(scenarios.__file__).with_name("locustfile.py")


class LoadTestFailed(GlossatorError):
    """A load test or a report cannot be made; the message says what to do."""


def run(url: str, options: Options, web: bool, processes: int, web_host: str) -> int:
    """Returns the exit code: 0 done, 3 done but the SLO was broken, 1 not done.

    An SLO is broken, too, by a run in which nothing was answered, or that the server refused.

    Locust runs as a separate program, because it makes all sockets of its process cooperative.
    """
    try:
        Slo.parse(options.slo)
    except ValueError as error:
        raise LoadTestFailed(str(error)) from None
    try:
        Server(url, options.token).about()  # before Locust starts, which would go on without it
    except (ConnectionError, ValueError) as error:
        raise LoadTestFailed(str(error)) from None
    # -P: the current folder is not looked through for modules of Locust's.
    command = [sys.executable, "-P", "-m", "locust", "-f", str(_LOCUSTFILE), "--host", url,
               "--only-summary",
               # A failed request is a figure that the SLO judges; it does not make the run fail.
               "--exit-code-on-error", "0"]  # fmt: skip
    command += ["--processes", str(processes)] if processes > 1 else []
    # Without a web page we report progress ourselves, and Locust's log would interrupt.
    command += ["--web-host", web_host] if web else ["--headless", "--skip-log-setup"]
    # The token is no argument, because any user of the machine can read those.
    environ = os.environ | {"GLOSSATOR_TOKEN": options.token}
    done = subprocess.run([*command, *_arguments(options)], check=False, env=environ)
    return done.returncode


def _arguments(options: Options) -> list[str]:
    flags = {"users": "scenario-users", "duration_s": "seconds"}
    found = []
    for name in options.__struct_fields__:
        value = getattr(options, name)
        if value == getattr(Options(), name) or name == "token":
            continue
        flag = "--" + flags.get(name, name).replace("_", "-")
        found += [flag] if value is True else [flag, str(value)]
    return found


def report(log: Path, names: Sequence[str], output: Path) -> int:
    runs = {experiment.id: (experiment, samples) for experiment, samples in _read(log, names)}
    try:
        output.write_text(page(runs), "utf-8")
    except OSError as error:
        raise LoadTestFailed(f"The report could not be written: {error}") from error
    print(f"{output}: {', '.join(runs)}")
    return 0


def compare(log: Path, before: str, after: str) -> int:
    runs = sorted(_read(log, (before, after)), key=lambda run: run[0].when)
    (ours, old), (theirs, new) = runs
    print(f"{ours.id} ({ours.scenario}) before, {theirs.id} ({theirs.scenario}) after\n")
    print(comparing.table(comparing.changes(old, new, (ours.wall_s, theirs.wall_s))))
    for name, was, now in comparing.differences(ours, theirs):
        print(f"{name}: {was or '–'} -> {now or '–'}")
    return 0


def _read(log: Path, names: Sequence[str]) -> list[tuple[Experiment, list[Sample]]]:
    try:
        experiments = [read(log, name) for name in names]
        return [(each, samples_of(log, each)) for each in experiments]
    except LookupError as error:
        raise LoadTestFailed(str(error)) from None
