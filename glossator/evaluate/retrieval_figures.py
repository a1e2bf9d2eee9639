"""The tables of `glossator eval retrieval`: how well each system finds. Pure.

They are sorted Markdown without a date, so two reports can be compared line by line.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

SYSTEMS = ("dense", "lexical", "fused", "ranked")
DEEPEST = 10  # passages that are considered
FIRST = 5  # most users read no more than these


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a question set. ``chunks`` are the ids of those at the places it expects."""

    question: str
    expected: frozenset[str]
    corpus: str
    origin: str
    half: str = ""
    chunks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rank of the first answer in each system's list, from 1; 0 when it is not in the first
    ten.
    """

    asked: Asked
    ranks: dict[str, int]
    embed_ms: float
    search_ms: float


Key = Callable[[Outcome], str]


def report(outcomes: Sequence[Outcome]) -> str:
    """Tables by corpus and by origin, the gain from ranking in each, and the latency."""
    keys: tuple[tuple[str, Key], ...] = (
        ("all", lambda outcome: "all"),
        ("corpus", lambda outcome: outcome.asked.corpus or "all sources"),
        ("origin", lambda outcome: outcome.asked.origin or "unnamed"),
    )
    lines: list[str] = []
    for title, key in keys:
        lines += _table(title, _grouped(outcomes, key))
    for title, key in keys[1:]:
        lines += _beside_parts(title, _grouped(outcomes, key))
    for what, times in (
        ("embedding the question", [each.embed_ms for each in outcomes]),
        ("search", [each.search_ms for each in outcomes]),
        ("both", [each.embed_ms + each.search_ms for each in outcomes]),
    ):
        middle, slow = percentile(times, 0.5), percentile(times, 0.95)
        lines.append(f"{what}: p50 {middle:.1f} ms, p95 {slow:.1f} ms")
    return "\n".join(lines)


def _grouped(outcomes: Sequence[Outcome], key: Key) -> dict[str, list[dict[str, int]]]:
    """The ranks for each group's questions; groups are sorted by name."""
    groups: dict[str, list[dict[str, int]]] = {}
    for outcome in sorted(outcomes, key=key):
        groups.setdefault(key(outcome), []).append(outcome.ranks)
    return groups


def _table(title: str, groups: Mapping[str, Sequence[dict[str, int]]]) -> Iterable[str]:
    yield f"| {title} | questions | system | recall@1 | recall@5 | recall@10 | MRR | nDCG@10 |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, ranks in groups.items():
        for system in SYSTEMS:
            values = measures([each[system] for each in ranks])
            figures = " | ".join(f"{value:.3f}" for value in values)
            yield f"| {name} | {len(ranks)} | {system} | {figures} |"
    yield ""


def _beside_parts(title: str, groups: Mapping[str, Sequence[dict[str, int]]]) -> Iterable[str]:
    """Compares the ranker with the part that has the highest recall@5, which it should not fall
    behind.
    """
    yield f"| {title} | best part | its recall@5 | ranked | only ranked | only the part | p |"
    yield "|---|---|---|---|---|---|---|"
    for name, ranks in groups.items():
        hits = {system: [0 < each[system] <= FIRST for each in ranks] for system in SYSTEMS}
        part = max(SYSTEMS[:-1], key=lambda system: sum(hits[system]))
        pairs = list(zip(hits["ranked"], hits[part], strict=True))
        gained, lost = pairs.count((True, False)), pairs.count((False, True))
        recalls = " | ".join(f"{sum(hits[each]) / len(ranks):.3f}" for each in (part, "ranked"))
        yield f"| {name} | {part} | {recalls} | {gained} | {lost} | {by_chance(gained, lost):.2f} |"
    yield ""


def by_chance(gained: int, lost: int) -> float:
    """How likely two equally good systems differ by this much or more: McNemar's exact test.

    A question that only one of them answers is as likely to be answered by the one as by the other.
    """
    differ = gained + lost
    fewer = sum(math.comb(differ, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * fewer / (1 << differ))


def measures(ranks: Sequence[int]) -> tuple[float, float, float, float, float]:
    """Recall at 1, 5 and 10, mean reciprocal rank and nDCG, all for the first right passage.

    Any of the expected answers counts, so a question has one answer to find, and recall equals hit
    rate.
    """

    def mean(value: Callable[[int], float]) -> float:
        return sum(value(rank) if rank else 0.0 for rank in ranks) / len(ranks)

    return (
        mean(lambda rank: rank <= 1),
        mean(lambda rank: rank <= 5),
        mean(lambda rank: rank <= 10),
        mean(lambda rank: 1 / rank),
        mean(lambda rank: 1 / math.log2(1 + rank)),
    )


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
