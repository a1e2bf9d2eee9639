"""Runs the input rails over a request, side by side, each within its budget.

There are two steps, because they have different deadlines. Rails that redact must end before the
prompt is built, so that the model never sees what they find. Rails that can only warn or block need
not hold up retrieval and prefill: the first delta waits for them, and a block aborts the engine.
"""

import asyncio
import time
from collections.abc import Sequence

from backend.errors import Blocked
from backend.ports import Span
from backend.rails.placeholders import Vault
from backend.rails.policy import Guarded
from backend.rails.registry import RESTORED
from backend.rails.texts import Frame, Path, Text, texts, with_texts
from backend.records.audit import Audit

Findings = list[tuple[Span, ...]]
_MANY, _LONG = 500, 100_000  # spans and characters whose redaction takes longer than a thread costs


class Screen:
    """The rails of one request. ``vault`` keeps what they took out of it.

    Personal data comes back in the answer. A secret does not, because an answer may be kept or
    shared.
    """

    def __init__(self, rails: Sequence[Guarded], audit: Audit, tenant: str = "") -> None:
        self._redacting = [one for one in rails if one.policy.action == "redact"]
        self._judging = [one for one in rails if one.policy.action != "redact"]
        self._audit = audit
        self._tenant = tenant
        self.vault = Vault((), ())

    async def redact(self, frame: Frame) -> tuple[Frame, list[str]]:
        """The request as the model may see it, and notices. Raises ``Blocked`` on failure."""
        found = texts(frame)
        judged = await asyncio.gather(
            *(self._check(one, frame.id, found) for one in self._redacting)
        )
        columns = [
            [span for findings in judged for span in findings[index]] for index in range(len(found))
        ]
        if not any(columns):
            return frame, []
        personal = {
            span.kind
            for one, findings in zip(self._redacting, judged, strict=True)
            if one.rail.name in RESTORED
            for spans in findings
            for span in spans
        }
        size = sum(len(each.text) for each in found)
        if sum(map(len, columns)) > _MANY or size > _LONG:
            cleaned = await asyncio.to_thread(self._take_out, found, columns, personal)
        else:
            cleaned = self._take_out(found, columns, personal)
        kinds = sorted({span.kind for spans in columns for span in spans})
        notice = f"Kept from the model: {', '.join(kinds)}."
        return with_texts(frame, cleaned), [notice]

    def _take_out(
        self, found: Sequence[Text], columns: list[list[Span]], restored: set[str]
    ) -> dict[Path, str]:
        self.vault = Vault((each.text for each in found), restored=restored)
        return {
            each.path: self.vault.redact(each.text, spans)
            for each, spans in zip(found, columns, strict=True)
        }

    async def judge(self, frame: Frame) -> list[str]:
        """Returns notices. Raises ``Blocked``."""
        read = texts(frame)
        checks = [asyncio.ensure_future(self._check(one, frame.id, read)) for one in self._judging]
        notices = []
        try:
            for one, check in zip(self._judging, checks, strict=True):
                kinds = sorted({span.kind for spans in await check for span in spans})
                if not kinds:
                    continue
                found = ", ".join(kinds)
                if one.policy.action == "block":
                    raise Blocked(f"The question was not answered: it holds {found}.")
                if one.policy.action == "warn":
                    notices.append(f"The {one.rail.name} rail found {found}.")
        finally:
            for check in checks:
                check.cancel()
        return notices

    async def _check(self, one: Guarded, request_id: str, read: list[Text]) -> Findings:
        """Findings for every text, and none for the texts that the rail does not read."""
        rail, policy = one.rail, one.policy
        mine = [index for index, each in enumerate(read) if each.part in rail.parts and each.text]
        findings: Findings = [()] * len(read)
        if not mine:
            return findings
        started = time.monotonic()
        try:
            async with asyncio.timeout(policy.budget_ms / 1000):
                found = await rail.check([read[index].text for index in mine])
        except Exception as error:
            late = isinstance(error, TimeoutError)
            self._record(request_id, rail.name, "late" if late else "failed", (), started)
            if policy.on_failure == "block":
                why = "took too long" if late else f"is not working ({error})"
                message = f"The {rail.name} rail {why}, and it may not be skipped. Try again."
                raise Blocked(message, retry_after_ms=1000) from error
            return findings
        for index, spans in zip(mine, found, strict=True):
            findings[index] = spans
        every = [span for spans in found for span in spans]
        self._record(request_id, rail.name, policy.action if every else "allow", every, started)
        return findings

    def _record(
        self, request_id: str, rail: str, action: str, spans: Sequence[Span], started: float
    ) -> None:
        elapsed_ms = (time.monotonic() - started) * 1000
        self._audit.record(request_id, self._tenant, rail, action, spans, elapsed_ms)
