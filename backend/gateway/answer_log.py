"""The log of answers: one record for each answer that ended, however it ended, without content.

The logger is ``glossator.answers``, which the log format `json` turns on.
"""

import hashlib
import logging
import time

from backend.answering.answer import Answer
from backend.identity.caller import Account
from backend.protocol.wire import (
    Admitted,
    Ask,
    Citations,
    Delta,
    Finished,
    Request,
    Timings,
    Usage,
    outcome,
)
from backend.records.logs import Record

log = logging.getLogger("glossator.answers")


class Ended(Record, frozen=True, omit_defaults=True):
    """One record. ``docs/logs.md`` explains each field, and a test compares it with this class."""

    request: str
    type: str
    outcome: str
    total_ms: float
    trace: str = ""
    tenant: str = ""
    owner: str = ""
    kind: str = ""
    task: str = ""
    model: str = ""
    dataset: str = ""
    citations: int = 0
    timings: Timings | None = None
    usage: Usage | None = None


def record(request: Request, answer: Answer) -> None:
    """Writes the record, if the logger is on."""
    if log.isEnabledFor(logging.INFO):
        log.info(ended(request, answer))


def ended(request: Request, answer: Answer) -> Ended:
    """The record of an answer, made from its frames. Pure, apart from the clock."""
    model = dataset = ""
    citations = 0
    for frame in answer.frames:  # only those before the text
        match frame:
            case Admitted():
                model = frame.model
            case Citations():
                dataset, citations = frame.dataset, len(frame.citations)
            case Delta():
                break
    last = answer.frames[-1]
    finished = last if isinstance(last, Finished) else None
    account = answer.caller.account
    return Ended(
        request=request.id,
        type=str(request.__struct_config__.tag),
        outcome=outcome(last),
        total_ms=round((time.monotonic() - answer.started) * 1000, 2),
        trace=answer.trace.id,
        tenant=answer.caller.tenant,
        owner=_digest(account) if account else "",
        kind=request.kind if isinstance(request, Ask) else "",
        task=request.task if isinstance(request, Ask) else "",
        model=model,
        dataset=dataset,
        citations=citations,
        timings=finished.timings if finished else None,
        usage=finished.usage if finished else None,
    )


def _digest(account: Account) -> str:
    return hashlib.sha256("\0".join(account).encode()).hexdigest()[:16]
