"""The audit log: every verdict of a rail, by kind and length, never by content.

Each verdict is one record on the logger ``glossator.audit``, which the log format `json` turns on.
"""

import logging
from collections.abc import Iterable

from backend.metrics import Metrics
from backend.ports import Span
from backend.records.logs import Record

log = logging.getLogger("glossator.audit")

_LISTED = 100  # spans per verdict; a text may have tens of thousands


class Verdict(Record, frozen=True, omit_defaults=True):
    """One record of the log."""

    request: str
    rail: str
    action: str  # what was done: allow, warn, redact, block, failed, late
    tenant: str = ""
    kinds: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()  # of the spans, in characters
    more: int = 0  # further spans, which are not listed
    ms: float = 0.0


class Audit:
    """Writes verdicts to the log and counts them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def record(
        self, request: str, tenant: str, rail: str, action: str, spans: Iterable[Span], ms: float
    ) -> None:
        """Counts every verdict, and logs it unless it is ``allow`` without spans."""
        found = list(spans)
        self._metrics.verdict(rail, action, ms / 1000)
        if found or action != "allow":
            verdict = Verdict(
                request=request,
                rail=rail,
                action=action,
                tenant=tenant,
                kinds=tuple(span.kind for span in found[:_LISTED]),
                lengths=tuple(span.end - span.start for span in found[:_LISTED]),
                more=max(len(found) - _LISTED, 0),
                ms=round(ms, 2),
            )
            log.info(verdict)
