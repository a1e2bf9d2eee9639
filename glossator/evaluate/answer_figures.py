"""What `glossator eval answers` counts of each answer, and its tables. Pure.

The tables are sorted Markdown without a date, so that two reports can be compared line by line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from glossator.evaluate.answer_text import Statement
from glossator.evaluate.questions import Labelled


@dataclass(frozen=True, slots=True)
class Supported:
    """A statement or a block, and which citations support it."""

    statement: Statement
    by: tuple[int, ...]  # citations of the answer, also such that the statement does not carry

    @property
    def cited_rightly(self) -> bool:
        return bool(set(self.statement.cited) & set(self.by))


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer. What could not be judged is None, or empty."""

    asked: Labelled
    answer: str
    failed: str = ""  # the code of the error in place of an answer
    named: bool = False  # the right entry is named
    found: bool = False  # the right entry is among the passages
    cited: bool = False  # a citation of the text is of the right entry
    first: bool = False  # the first citation of the text is
    refused: bool = False  # it says that the documentation has no answer
    degenerate: str = ""
    statements: Sequence[Supported] = ()
    marked: int = 0  # names that a notice says do not exist
    unparsable: int = 0
    blocks: int = 0
    tokens: int = 0
    prompt_tokens: int = 0
    ttft_ms: float = 0.0
    total_ms: float = 0.0
    notices: Sequence[str] = ()


Key = Callable[[Judged], str]
_COLUMNS = (
    "named", "found", "cited", "first", "refused", "degenerate", "cites", "right", "carried",
    "marked", "unparsable", "tokens", "TTFT ms", "total ms",
)  # fmt: skip


def report(judged: Sequence[Judged]) -> str:
    """Tables of all, by corpus and by kind. What each column counts stands in docs/answers.md."""
    lines: list[str] = []
    keys: tuple[tuple[str, Key], ...] = (
        ("all", lambda each: "answerable" if each.asked.answerable else "unanswerable"),
        ("corpus", lambda each: each.asked.corpus or "all sources"),
        ("kind", lambda each: each.asked.kind or "unnamed"),
    )
    for title, key in keys:
        lines += [
            f"| {title} | n | {' | '.join(_COLUMNS)} |",
            "|---|---" + "|---" * len(_COLUMNS) + "|",
        ]
        groups: dict[str, list[Judged]] = {}
        for each in sorted(judged, key=key):
            groups.setdefault(key(each), []).append(each)
        lines += [
            f"| {name} | {len(group)} | {' | '.join(_figures(group))} |"
            for name, group in groups.items()
        ]
        lines.append("")
    failed = [each.failed for each in judged if each.failed]
    if failed:
        lines.append(f"{len(failed)} of {len(judged)} failed: {', '.join(sorted(set(failed)))}")
    return "\n".join(lines)


def _figures(group: Sequence[Judged]) -> Iterator[str]:
    right = [each for each in group if each.asked.answerable]
    for field in ("named", "found", "cited", "first"):
        yield _share([bool(getattr(each, field)) for each in right])
    yield _share([each.refused for each in group])
    yield _share([bool(each.degenerate) for each in group])
    said = [each for judged in group for each in judged.statements]
    carrying = [each for each in said if each.statement.cited]
    yield _share([bool(each.statement.cited) for each in said])
    yield _share([each.cited_rightly for each in carrying])
    yield _share([each.cited_rightly for each in said if each.by])
    yield _share([bool(each.marked) for each in group])
    blocks = sum(each.blocks for each in group)
    yield f"{sum(each.unparsable for each in group) / blocks:.2f}" if blocks else "–"
    for values in (
        [each.tokens for each in group],
        [each.ttft_ms for each in group],
        [each.total_ms for each in group],
    ):
        yield f"{median(values):.0f}"


def _share(counted: Sequence[bool]) -> str:
    return f"{sum(counted) / len(counted):.2f}" if counted else "–"
