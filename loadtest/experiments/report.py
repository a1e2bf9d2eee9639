"""One run, or several side by side, as a page of HTML that needs nothing else."""

import math
from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader

from loadtest.experiments.charts import Series, chart
from loadtest.experiments.compare import changes, differences
from loadtest.experiments.figures import NAMES, QUANTILES, TIMES, Slo
from loadtest.experiments.log import Experiment, unfolded
from loadtest.experiments.quantile import quantile
from loadtest.experiments.sample import Sample
from loadtest.experiments.verdict import causes, sentence, unfit

Runs = Mapping[str, tuple[Experiment, Sequence[Sample]]]

_STEPS = 100  # points of a distribution
_USERS = 10  # users that one point of "latency by users" covers, at most
_SLOTS = 30  # points of a figure over time


def page(runs: Runs) -> str:
    """``runs`` by the names to show. Of two, the older one is compared with the newer one."""
    runs = dict(sorted(runs.items(), key=lambda run: run[1][0].when))
    experiments = [experiment for experiment, _ in runs.values()]
    changed, differed = [], []
    if len(runs) == 2:
        (before, old), (after, new) = runs.values()
        changed = changes(old, new, (before.wall_s, after.wall_s))
        differed = differences(before, after)
    template = Environment(
        loader=PackageLoader("loadtest.experiments", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html.j2")
    return template.render(
        runs=list(runs),
        experiments=experiments,
        verdicts=[
            (name, sentence(experiment, samples), _bad(experiment, samples))
            for name, (experiment, samples) in runs.items()
        ],
        causes=[(name, causes(samples)) for name, (_, samples) in runs.items()],
        times=TIMES,
        labels=[label for label, _ in QUANTILES],
        rates=[each for each in NAMES if each.rpartition("_")[0] not in TIMES],
        tables=[unfolded_parts(experiment) for experiment in experiments],
        changes=changed,
        differences=differed,
        charts=[
            *_shown_first(runs),
            ("Timeline", chart(_timeline(runs), "seconds", "users, requests, replicas")),
            ("TTFT over time", chart(_over_time(runs), "seconds", "TTFT p50, ms")),
        ],
    )


def _shown_first(runs: Runs) -> list[tuple[str, str]]:
    """What a run that looks for a ceiling is about is latency by users, and the limit in it."""
    distribution = ("TTFT, share of answers", chart(_distribution(runs), "ms", "% of answers"))
    by_users = ("Latency by users", chart(_by_users(runs), "users", "TTFT, ms"))
    if any(experiment.ceiling is not None for experiment, _ in runs.values()):
        return [by_users, distribution]
    return [distribution, by_users]


def _bad(experiment: Experiment, samples: Sequence[Sample]) -> bool:
    """Whether a run shows what nobody wants. One that looks for the ceiling breaks the SLO last."""
    return bool(unfit(samples) or (experiment.broken and not experiment.ceiling))


def unfolded_parts(experiment: Experiment) -> list[tuple[str, str]]:
    """Options, costs, server and client as single values, by their dotted names."""
    found: dict[str, object] = {}
    for part in ("options", "cost", "server", "client"):
        found |= unfolded(getattr(experiment, part), part)
    return [(name, str(value)) for name, value in found.items() if value not in ("", None)]


def _ttfts(samples: Sequence[Sample]) -> list[Sample]:
    return [each for each in samples if each.outcome == "finished" and each.ttft_s]


def _distribution(runs: Runs) -> list[Series]:
    series = []
    for name, (_, samples) in runs.items():
        times = sorted(1000 * each.ttft_s for each in _ttfts(samples))
        steps = range(_STEPS + 1) if times else ()
        series.append(Series(name, tuple((quantile(times, at / _STEPS), at) for at in steps)))
    return series


def _by_users(runs: Runs) -> list[Series]:
    series = []
    for name, (_, samples) in runs.items():
        groups: dict[int, list[float]] = {}
        for each in _ttfts(samples):
            rounded = -(-each.users // _USERS) * _USERS
            groups.setdefault(rounded, []).append(1000 * each.ttft_s)
        for share in (0.5, 0.95):
            points = tuple((users, quantile(groups[users], share)) for users in sorted(groups))
            label = f"{name}, p{100 * share:.0f}"
            series.append(Series(label, points, dots=True, dashed=share > 0.5))
    most = max((x for each in series for x, _ in each.points), default=0.0)
    limits = {1000 * Slo.parse(run.slo).limit_s("ttft_p95") for run, _ in runs.values()}
    return series + [
        Series(f"limit of p95, {limit:g} ms", ((0, limit), (most, limit)))
        for limit in sorted(limits - {math.inf})
    ]


def _timeline(runs: Runs) -> list[Series]:
    series = []
    for name, (experiment, _) in runs.items():
        for what in ("users", "running", "waiting", "replicas"):
            points = tuple(
                (moment.at_s, value)
                for moment in experiment.timeline
                if (value := getattr(moment, what)) is not None
            )
            series.append(Series(f"{name}, {what}", points, dashed=what != "users"))
    return series


def _over_time(runs: Runs) -> list[Series]:
    series = []
    for name, (experiment, samples) in runs.items():
        start = min((each.at for each in samples), default=0.0)
        width = max(experiment.wall_s / _SLOTS, 1.0)
        slots: dict[int, list[float]] = {}
        for each in _ttfts(samples):
            slots.setdefault(int((each.at - start) / width), []).append(1000 * each.ttft_s)
        points = [((slot + 0.5) * width, quantile(slots[slot], 0.5)) for slot in sorted(slots)]
        series.append(Series(name, tuple(points)))
    return series
