"""What changed between two runs, and whether it is more than chance. Pure.

Ratios have 95% confidence intervals, by the percentile bootstrap over requests (Efron and
Tibshirani, 1993). They do not know what else the machines did meanwhile, so repeat what matters.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from loadtest.experiments import markdown
from loadtest.experiments.figures import FEWEST
from loadtest.experiments.log import Experiment, unfolded
from loadtest.experiments.sample import Sample

RESAMPLES = 1000
_SEED = 1

Values = NDArray[np.float64]
Statistic = Callable[[Values], Values]  # over the last axis


class Change(Struct, frozen=True):
    """The change of one figure. ``low`` and ``high`` bound the ratio of ``after`` to ``before``."""

    name: str
    before: float
    after: float
    ratio: float
    low: float
    high: float
    less_is_better: bool
    fewest: int  # values of the run that has fewer

    @property
    def verdict(self) -> str:
        if self.fewest < FEWEST:
            return "too few answers"
        if self.low <= 1 <= self.high:
            return "no difference shown"
        return "better" if (self.ratio < 1) == self.less_is_better else "worse"


def changes(
    before: Sequence[Sample], after: Sequence[Sample], walls_s: tuple[float, float]
) -> list[Change]:
    """The changes of times, by percentile, and of rates, as far as both runs have them."""
    draw = np.random.default_rng(_SEED)
    found = []
    for name, times in _TIMES.items():
        both = [_values(samples, times) for samples in (before, after)]
        for share in (0.5, 0.95):
            statistic = partial(_quantile, share)
            label = f"{name} p{100 * share:.0f}, ms"
            if all(map(len, both)):
                found.append(_change(label, both, statistic, draw, less_is_better=True))
    for name, amount in _AMOUNTS.items():
        both = [
            np.array([amount(each) for each in samples]) * len(samples) / wall_s
            for samples, wall_s in zip((before, after), walls_s, strict=True)
        ]
        if all(values.any() for values in both):
            found.append(_change(name, both, _mean, draw, less_is_better=False))
    return found


_TIMES: dict[str, Callable[[Sample], float]] = {
    "TTFT": lambda each: each.ttft_s,
    "E2E": lambda each: each.total_s,
    "TPOT": lambda each: each.tpot_s,
    "queue": lambda each: each.queue_s,
    "retrieval": lambda each: each.retrieval_s,
    "prefill": lambda each: each.prefill_s,
}
_AMOUNTS: dict[str, Callable[[Sample], float]] = {
    "tokens/s": lambda each: each.completion_tokens,
    "answers/s": lambda each: float(each.outcome == "finished"),
}


def _values(samples: Sequence[Sample], times: Callable[[Sample], float]) -> Values:
    """In milliseconds, of finished answers."""
    done = (times(each) for each in samples if each.outcome == "finished")
    return 1000 * np.array([value for value in done if value])


def _quantile(share: float, values: Values) -> Values:
    return np.asarray(np.quantile(values, share, axis=-1))


def _mean(values: Values) -> Values:
    return np.asarray(values.mean(axis=-1))


def _change(
    name: str,
    both: Sequence[Values],
    statistic: Statistic,
    draw: np.random.Generator,
    less_is_better: bool,
) -> Change:
    before, after = (float(statistic(values)) for values in both)
    old, new = (statistic(draw.choice(values, size=(RESAMPLES, len(values)))) for values in both)
    # There is no ratio for a resample in which nothing was answered.
    low, high = np.quantile(new[old > 0] / old[old > 0], (0.025, 0.975))
    return Change(
        name, before, after, after / before, float(low), float(high), less_is_better,
        min(map(len, both)),
    )  # fmt: skip


def differences(before: Experiment, after: Experiment) -> list[tuple[str, str, str]]:
    """What else differed: commit, options, server, machine."""
    ours, theirs = _circumstances(before), _circumstances(after)
    return [
        (name, str(ours.get(name, "")), str(theirs.get(name, "")))
        for name in sorted(set(ours) | set(theirs))
        if ours.get(name) != theirs.get(name)
    ]


def _circumstances(experiment: Experiment) -> dict[str, object]:
    found: dict[str, object] = {
        name: getattr(experiment, name)
        for name in ("commit", "dirty", "release", "scenario", "dataset")
    }
    for part in ("options", "server", "client"):
        found |= unfolded(getattr(experiment, part), part)
    found.pop("options.note", None)
    return found


def table(found: Sequence[Change]) -> str:
    return markdown.table(
        ["figure", "before", "after", "ratio (95 % interval)", ""],
        [
            [
                each.name,
                f"{each.before:,.1f}",
                f"{each.after:,.1f}",
                f"{each.ratio:.2f} ({each.low:.2f}–{each.high:.2f})",
                each.verdict,
            ]
            for each in found
        ],
    )
