"""From the samples of a run to its figures. Pure.

Percentiles are over requests; those of ITL are over gaps. Goodput counts answers within the SLO.
"""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from loadtest.experiments import markdown
from loadtest.experiments.quantile import quantile
from loadtest.experiments.sample import Sample

FEWEST = 10  # answers, below which a percentile says nothing
QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
_TERM = re.compile(r"\s*([a-z0-9_]+)\s*(<=|>=|<|>)\s*([0-9.]+)\s*(ms|s|%)?\s*")
_UNIT = {"ms": 1.0, "s": 1000.0, "%": 0.01, None: 1.0}


class Figures(Struct, frozen=True):
    """The figures of a run or of a part of it. Times are in ms, and 0 if nothing finished.

    ``values`` by name: ``ttft_p95``, ``e2e_p50``, ``tokens_per_s``, ``answers_per_s``,
    ``goodput_per_s``, ``shed`` and ``failed`` (shares of all requests), ``queue_p95`` and so on.
    """

    requests: int
    values: dict[str, float]
    counts: dict[str, int] = {}  # values behind the percentiles of each time; older runs have none

    def shown(self, time: str, label: str) -> str:
        """A percentile in ms, for people; a dash where too few values are behind it."""
        too_few = self.counts and self.counts.get(time, 0) < FEWEST
        return "–" if too_few else f"{self[f'{time}_{label}']:,.1f}"

    def __getitem__(self, name: str) -> float:
        return self.values[name]


class Slo(Struct, frozen=True):
    """Terms that must all hold, such as ``ttft_p95<500ms, failed<1%, goodput_per_s>=2``."""

    text: str
    terms: tuple[tuple[str, str, float], ...]

    @classmethod
    def parse(cls, text: str) -> "Slo":
        """Raises a ``ValueError`` that says what is wrong and what would be right."""
        terms = []
        for part in filter(str.strip, text.split(",")):
            matched = _TERM.fullmatch(part)
            name = matched[1] if matched else ""
            if not matched or name not in NAMES:
                raise ValueError(
                    f"{part.strip()!r} is no term of an SLO: write FIGURE<LIMIT, such as "
                    f"ttft_p95<500ms or failed<1%. Figures: {', '.join(NAMES)}"
                )
            terms.append((name, matched[2], float(matched[3]) * _UNIT[matched[4]]))
        if not terms:
            raise ValueError("an SLO has at least one term, such as ttft_p95<500ms")
        return cls(text, tuple(terms))

    def broken(self, figures: Figures) -> list[str]:
        """The terms that do not hold, with what was measured. Empty when the SLO is met."""
        return [
            f"{name} is {figures[name]:,.4g}, not {sign} {limit:g}"
            for name, sign, limit in self.terms
            if not _HOLDS[sign](figures[name], limit)
        ]

    def limit_s(self, name: str) -> float:
        """The upper limit on a time in seconds, infinite if the SLO has none."""
        limits = [limit for term, sign, limit in self.terms if term == name and sign[0] == "<"]
        return min(limits) / 1000 if limits else float("inf")


_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


def figures(samples: Sequence[Sample], wall_s: float, slo: Slo | None = None) -> Figures:
    """An answer counts for goodput if its TTFT and TPOT are within the SLO's p95 limits."""
    done = [sample for sample in samples if sample.outcome == "finished"]
    values: dict[str, float] = {}
    measured = _times(done)
    for name, times in measured.items():
        for label, share in QUANTILES:
            values[f"{name}_{label}"] = 1000 * quantile(times, share) if times else 0.0
    most_ttft = slo.limit_s("ttft_p95") if slo else float("inf")
    most_tpot = slo.limit_s("tpot_p95") if slo else float("inf")
    good = [each for each in done if each.ttft_s <= most_ttft and each.tpot_s <= most_tpot]
    seconds = max(wall_s, 1e-9)
    count = max(len(samples), 1)
    values |= {
        "tokens_per_s": sum(each.completion_tokens for each in done) / seconds,
        "answers_per_s": len(done) / seconds,
        "goodput_per_s": len(good) / seconds,
        "shed": sum(each.outcome == "shed" for each in samples) / count,
        "failed": sum(each.outcome == "failed" for each in samples) / count,
        "cached": _share(done),
    }
    return Figures(len(samples), values, {name: len(times) for name, times in measured.items()})


def _times(done: Sequence[Sample]) -> dict[str, list[float]]:
    return {
        "ttft": [each.ttft_s for each in done if each.ttft_s],
        "e2e": [each.total_s for each in done],
        "itl": [gap for each in done for gap in each.gaps_s],
        "tpot": [each.tpot_s for each in done if each.tpot_s],
        "queue": [each.queue_s for each in done],
        "rails": [each.rails_s for each in done],
        "retrieval": [each.retrieval_s for each in done],
        "prefill": [each.prefill_s for each in done],
        "decode": [each.total_s - each.ttft_s for each in done],
    }


def _share(done: Sequence[Sample]) -> float:
    prompt = sum(each.prompt_tokens for each in done)
    return sum(each.cached_tokens for each in done) / prompt if prompt else 0.0


TIMES = tuple(_times(()))
NAMES = tuple(figures((), 1.0).values)


def table(measured: Figures) -> str:
    """In Markdown: times by percentile, then rates and shares."""
    times = [
        [
            name,
            str(measured.counts.get(name, "–")),
            *(measured.shown(name, label) for label, _ in QUANTILES),
        ]
        for name in TIMES
    ]
    others = [
        [name.replace("_per_s", "/s"), f"{measured[name]:,.2f}"]
        for name in ("tokens_per_s", "answers_per_s", "goodput_per_s")
    ]
    others += [[name, f"{100 * measured[name]:.1f} %"] for name in ("shed", "failed", "cached")]
    header = ["ms", "n", *(label for label, _ in QUANTILES)]
    return f"{markdown.table(header, times)}\n\n{markdown.table(['', ''], others)}"
