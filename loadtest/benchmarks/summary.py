"""From passes to figures, and to the Markdown of ``docs/performance/``. Pure.

A figure is computed for each pass. Reports show its median over the passes, and the smallest and
the largest. Ratios are also computed pass by pass, because what the machine did during a pass
affected both sides of the ratio.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from loadtest.benchmarks.drivers.closed_loop import Pass
from loadtest.experiments.markdown import table
from loadtest.experiments.quantile import quantile

Passes = Mapping[tuple[str, int], Sequence[Pass]]  # by path and number of users
Figure = Callable[[Pass], float]


def ttft_p50_ms(done: Pass) -> float:
    return 1000 * quantile([answer.ttft_s for answer in done.answers], 0.5)


def ttft_p95_ms(done: Pass) -> float:
    return 1000 * quantile([answer.ttft_s for answer in done.answers], 0.95)


def ttft_p99_ms(done: Pass) -> float:
    return 1000 * quantile([answer.ttft_s for answer in done.answers], 0.99)


def tokens_per_s(done: Pass) -> float:
    return done.tokens_per_s


def server_cpu_s(done: Pass) -> float:
    """Per answer."""
    return done.server_cpu_s / len(done.answers)


@dataclass(frozen=True, slots=True)
class Spread:
    """The median over passes, with the extremes."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def show(self, digits: int = 0) -> str:
        return f"{self.middle:,.{digits}f} ({self.low:,.{digits}f}–{self.high:,.{digits}f})"


def spread(passes: Sequence[Pass], figure: Figure) -> Spread:
    return Spread.of([figure(done) for done in passes])


def ratio(passes: Sequence[Pass], baseline: Sequence[Pass], figure: Figure) -> Spread:
    """The ratios of the passes that both have."""
    return Spread.of(
        [figure(ours) / figure(theirs) for ours, theirs in zip(passes, baseline, strict=False)]
    )


def added_ms(passes: Sequence[Pass], without: Sequence[Pass]) -> Spread:
    """How much higher TTFT p50 is than on the path ``without``, pass by pass."""
    return Spread.of(
        [ttft_p50_ms(more) - ttft_p50_ms(less) for more, less in zip(passes, without, strict=True)]
    )


def quieter_half(passes: Passes) -> dict[tuple[str, int], list[Pass]]:
    """The quieter half of the passes for each number of users: the same passes for every path."""
    kept: dict[tuple[str, int], list[Pass]] = {}
    for count in {users for _, users in passes}:
        group = {key: done for key, done in passes.items() if key[1] == count}
        turns = min(len(done) for done in group.values())
        noise = [max(done[turn].others_cores for done in group.values()) for turn in range(turns)]
        quiet = sorted(range(turns), key=noise.__getitem__)[: (turns + 1) // 2]
        kept |= {key: [done[turn] for turn in sorted(quiet)] for key, done in group.items()}
    return {key: kept[key] for key in passes}


@dataclass(frozen=True, slots=True)
class Column:
    """A figure and its name. ``digits`` are those behind the decimal point."""

    name: str
    figure: Figure
    unit: str = ""
    digits: int = 0

    @property
    def header(self) -> str:
        return f"{self.name}, {self.unit}" if self.unit else self.name


TTFT_P50 = Column("TTFT p50", ttft_p50_ms, "ms", 1)
TTFT_P95 = Column("TTFT p95", ttft_p95_ms, "ms", 1)
TTFT_P99 = Column("TTFT p99", ttft_p99_ms, "ms", 1)
TOKENS = Column("tokens/s", tokens_per_s)
CPU = Column("server CPU per answer", lambda done: 1000 * server_cpu_s(done), "ms")
FIGURES = (TTFT_P50, TTFT_P95, TOKENS, CPU)
RATIOS = (TTFT_P50, TOKENS, Column("CPU", server_cpu_s))


def figures_table(passes: Passes, columns: Sequence[Column] = FIGURES) -> str:
    rows = [
        [str(users), path, *(spread(done, each.figure).show(each.digits) for each in columns)]
        for (path, users), done in sorted(passes.items(), key=lambda item: item[0][1])
    ]
    return table(["users", "path", *(each.header for each in columns)], rows)


def ratios_table(
    passes: Passes, paths: Sequence[str], baseline: str, columns: Sequence[Column] = RATIOS
) -> str:
    """Each path relative to ``baseline``. TTFT and CPU below 1 and tokens/s above 1 are ahead."""
    users = sorted({count for _, count in passes})
    rows = []
    for path in paths:
        cells = [path]
        for column in columns:
            for count in users:
                ours, theirs = passes.get((path, count)), passes.get((baseline, count))
                if ours and theirs:
                    cells.append(ratio(ours, theirs, column.figure).show(2))
                else:
                    cells.append("–")
        rows.append(cells)
    header = [f"{column.name}, {count}" for column in columns for count in users]
    return table(["path", *header], rows)


def added_table(passes: Passes, triples: Sequence[tuple[str, str, str]]) -> str:
    """``triples`` are paths: with retrieval, the same prompts without it, and short prompts."""
    rows = []
    for triple in triples:
        if not all((path, 1) in passes for path in triple):
            continue
        retrieving, documented, bare = (passes[path, 1] for path in triple)
        rows.append(
            [
                triple[2],
                added_ms(retrieving, documented).show(1),
                added_ms(documented, bare).show(1),
                added_ms(retrieving, bare).show(1),
            ]
        )
    header = ["path", "TTFT p50, ms: retrieving", "reading the passages", "both"]
    return table(header, rows)


def fairness_table(passes: Passes) -> str:
    """Means per answer of what each path read, wrote and cost the client, over all passes."""
    rows = []
    for path in dict.fromkeys(path for path, _ in passes):
        done = [each for (name, _), many in passes.items() if name == path for each in many]
        answers = [answer for each in done for answer in each.answers]
        count = len(answers)
        rows.append(
            [
                path,
                f"{count:,}",
                f"{sum(answer.prompt_tokens for answer in answers) / count:.1f}",
                f"{sum(answer.cached_tokens for answer in answers) / count:.1f}",
                f"{sum(answer.completion_tokens for answer in answers) / count:.1f}",
                f"{1000 * sum(each.cpu_s for each in done) / count:.1f}",
            ]
        )
    header = ["path", "answers", "prompt", "of it cached", "generated", "client CPU, ms"]
    return table(header, rows)
