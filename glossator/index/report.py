"""What a run of `glossator index` says about a source, line by line. Pure."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from indexer.pipeline import Report
from indexer.types import Skipped

_NAMED = 3  # entries that are named for each reason
_REASONS = 12  # reasons that are shown


def lines(report: Report) -> Iterator[str]:
    """The counts first, then documents by format, then what was skipped and what was guessed."""
    yield (
        f"{report.source}: {report.documents} documents, {report.chunks} chunks "
        f"({report.added} new, {report.removed} removed, {report.unchanged} unchanged) "
        f"in {report.seconds:.1f} s; index {report.dataset}"
    )
    if report.kinds:
        yield "  " + ", ".join(f"{count} {kind}" for kind, count in report.kinds.items())
    yield from _grouped("skipped", report.skipped)
    yield from _grouped("note", report.noted)


def _grouped(label: str, told: Sequence[Skipped]) -> Iterator[str]:
    """One line for each reason, the most frequent first, with the first few names."""
    reasons: dict[str, list[str]] = {}
    for what, why in told:
        reasons.setdefault(why, []).append(what)
    ranked = sorted(reasons.items(), key=lambda each: -len(each[1]))
    for why, names in ranked[:_REASONS]:
        count = f"{len(names)} " if len(names) > 1 else ""
        more = ", …" if len(names) > _NAMED else ""
        yield f"  {label} {count}({', '.join(map(_short, names[:_NAMED]))}{more}): {why}"
    if len(ranked) > _REASONS:
        rest = sum(len(names) for _, names in ranked[_REASONS:])
        yield f"  {label} {rest} more, for {len(ranked) - _REASONS} other reasons"


def _short(name: str) -> str:
    """The last two parts of a path; an address stays whole."""
    if "://" in name or not name.startswith("/"):
        return name
    return "/".join(PurePosixPath(name).parts[-2:]) + ("/" if name.endswith("/") else "")
