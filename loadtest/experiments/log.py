"""The log of experiments: a line per run in a file that any spreadsheet opens, and its samples.

``experiments.csv`` says what was measured, on what, and by whom. ``runs/ID.json`` also has the
timeline, and ``runs/ID.samples.gz`` has one JSON object per request.
"""

import csv
import fcntl
import getpass
import gzip
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from loadtest.experiments.figures import Figures
from loadtest.experiments.machine import describe
from loadtest.experiments.sample import Sample

LOG = "experiments.csv"


class Moment(Struct, frozen=True):
    """The state of a run ``at_s`` after its start. What the server does not tell is None."""

    at_s: float
    users: int
    ended: int  # requests, so far
    running: float | None = None
    waiting: float | None = None
    replicas: float | None = None


class Experiment(Struct, frozen=True):
    """A run: its circumstances and its figures."""

    id: str
    when: str  # ISO 8601, UTC
    who: str
    release: str
    commit: str
    dirty: bool
    scenario: str
    options: dict[str, Any]
    server: dict[str, Any]  # what the server says of itself: model, engine settings, hardware
    client: dict[str, Any]  # the machine that asked
    dataset: str
    wall_s: float
    users: int
    figures: Figures
    slo: str
    broken: tuple[str, ...]
    ceiling: int | None = None
    cost: dict[str, float] = {}
    timeline: tuple[Moment, ...] = ()
    note: str = ""


def new_id() -> str:
    """An id that sorts by time and differs between runs that begin in the same second."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.urandom(2).hex()}"


def provenance() -> dict[str, Any]:
    """Who runs this, when, from which commit, and on which machine."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    machine = describe()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": f"{getpass.getuser()}@{socket.gethostname()}",
        "release": machine.versions.get("glossator", ""),
        "commit": commit,
        "dirty": bool(commit and _git("status", "--porcelain")),
        "client": msgspec.to_builtins(machine),
    }


def keep(folder: Path, experiment: Experiment, samples: Sequence[Sample]) -> Path:
    """Writes samples and details before the line in the log, so that the line never points at
    missing files. Raises ``OSError``."""
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    path = runs / f"{experiment.id}.json"
    with gzip.open(runs / f"{experiment.id}.samples.gz", "wb") as lines:
        for sample in samples:
            lines.write(msgspec.json.encode(sample) + b"\n")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(experiment), indent=1))
    _append(folder / LOG, _row(experiment))
    return path


def read(folder: Path, run: str) -> Experiment:
    """``run`` is an id, the beginning of one, ``last``, ``previous``, or the path of a run's file.

    Raises a ``LookupError`` that names the runs that there are.
    """
    path = Path(run)
    if path.suffix != ".json":
        known = sorted((folder / "runs").glob("*.json"))
        latest = {"last": known[-1:], "previous": known[-2:-1]}
        wanted = latest.get(run, [path for path in known if path.stem.startswith(run)])
        if len(wanted) != 1:
            names = ", ".join(each.stem for each in known[-8:]) or "none yet"
            raise LookupError(f"{run!r} names {len(wanted)} runs in {folder}. The latest: {names}")
        (path,) = wanted
    try:
        return msgspec.json.decode(path.read_bytes(), type=Experiment)
    except (OSError, msgspec.DecodeError) as error:
        raise LookupError(f"{path} cannot be read as a run: {error}") from error


def samples_of(folder: Path, experiment: Experiment) -> list[Sample]:
    """Raises ``LookupError`` if they are gone."""
    path = folder / "runs" / f"{experiment.id}.samples.gz"
    try:
        with gzip.open(path, "rb") as lines:
            return [msgspec.json.decode(line, type=Sample) for line in lines]
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise LookupError(f"The samples of {experiment.id} cannot be read: {error}") from error


def _row(experiment: Experiment) -> dict[str, Any]:
    flat: dict[str, Any] = {
        name: getattr(experiment, name)
        for name in ("id", "when", "who", "release", "commit", "dirty", "scenario", "users",
                     "dataset", "note", "slo", "ceiling", "wall_s")
    }  # fmt: skip
    flat["slo_met"] = not experiment.broken
    flat["api"] = experiment.options.get("api", "")
    flat["requests"] = experiment.figures.requests
    flat |= {name: round(value, 4) for name, value in experiment.figures.values.items()}
    flat |= {f"cost_{name}": value for name, value in experiment.cost.items()}
    flat |= {f"{name}_n": count for name, count in experiment.figures.counts.items()}
    for part in ("server", "client"):
        flat |= unfolded(getattr(experiment, part), part)
    return {_column(name): value for name, value in flat.items()}


def unfolded(value: Any, name: str) -> dict[str, Any]:
    """A nested table as one of single values: ``{"server.vllm.max_num_seqs": 128}``."""
    if isinstance(value, Mapping):
        inner = [unfolded(each, f"{name}.{key}") for key, each in value.items()]
        return {key: each for table in inner for key, each in table.items()}
    if isinstance(value, list | tuple):
        return {name: ", ".join(map(str, value))}
    return {name: value}


def _column(name: str) -> str:
    """With its unit: a percentile is in ms, and ``wall_s`` and ``tokens_per_s`` say it already."""
    return f"{name}_ms" if re.fullmatch(r"[a-z0-9]+_p\d\d", name) else name


def _append(path: Path, row: dict[str, Any]) -> None:
    """Adds columns that an older log lacks. Two runs that end at the same time take turns."""
    with _locked(path.with_suffix(".lock")):
        rows: list[dict[str, Any]] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        columns = list(dict.fromkeys(name for each in (*rows, row) for name in each))
        fresh = path.with_suffix(".new")
        with fresh.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows([*rows, row])
        fresh.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _git(*arguments: str) -> str:
    """Empty if there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
