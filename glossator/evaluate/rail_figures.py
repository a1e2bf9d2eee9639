"""The figures of `glossator eval rails`: what is counted, computed and shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

CLEAN = "ordinary code"  # the split of texts that contain nothing to find


@dataclass(slots=True)
class Figures:
    """What one rail did on one set. It counts planted spans, or texts without spans."""

    rail: str
    split: str
    caught: int = 0
    missed: int = 0
    false: int = 0  # spans found in texts that contain none, or harmless texts that were flagged
    clean: int = 0  # texts that contain nothing
    touched: int = 0  # clean texts in which something was found
    characters: int = 0  # characters of clean texts
    times_ms: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def precision(self) -> float | None:
        return _share(self.caught, self.caught + self.false)

    @property
    def recall(self) -> float | None:
        return _share(self.caught, self.caught + self.missed)

    @property
    def false_per_100_kb(self) -> float | None:
        return 100_000 * self.false / self.characters if self.characters else None

    @property
    def accuracy(self) -> float | None:
        right = self.caught + self.clean - self.touched
        return _share(right, self.caught + self.missed + self.clean)

    def quantile_ms(self, share: float) -> float | None:
        times = sorted(self.times_ms)
        return times[min(len(times) - 1, int(share * len(times)))] if times else None


def plain(figures: Figures) -> dict[str, Any]:
    """The counts and the figures computed from them, rounded."""
    counts = {key: value for key, value in asdict(figures).items() if key != "times_ms"}
    derived = {
        "precision": figures.precision,
        "recall": figures.recall,
        "accuracy": figures.accuracy,
        "false_per_100_kb": figures.false_per_100_kb,
        "p50_ms": figures.quantile_ms(0.5),
        "p95_ms": figures.quantile_ms(0.95),
    }
    return counts | {key: None if v is None else round(v, 4) for key, v in derived.items()}


def show(rows: Sequence[Figures]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rail", "examples", "caught", "missed", "false", "precision", "recall",
                    "accuracy", "clean texts touched", "false per 100 kB", "p50 ms",
                    "p95 ms"):  # fmt: skip
        table.add_column(heading, justify="left" if heading in ("rail", "examples") else "right")
    for one in rows:
        if one.note:
            continue
        whole = one.split != CLEAN
        table.add_row(
            one.rail,
            one.split,
            str(one.caught) if whole else "",
            str(one.missed) if whole else "",
            str(one.false),
            _percent(one.precision) if whole else "",
            _percent(one.recall) if whole else "",
            _percent(one.accuracy) if whole and one.clean else "",
            f"{one.touched} of {one.clean}" if one.clean else "",
            _number(one.false_per_100_kb) if not whole else "",
            _number(one.quantile_ms(0.5)),
            _number(one.quantile_ms(0.95)),
        )
    console = Console(width=150)
    console.print(table)
    for one in rows:
        if one.note:
            console.print(f"{one.rail}: {one.note}", soft_wrap=True, markup=False)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}%"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
