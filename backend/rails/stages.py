"""The rails of a pipeline, by the stage at which they act. The pipeline itself names no rail."""

import asyncio
from collections.abc import Callable, Sequence

from backend.errors import Blocked
from backend.ports import Rail, Retrieved, Span, StreamGuard
from backend.protocol.wire import Turn
from backend.rails.input.topic import Relevance, Search
from backend.rails.output.hold_back import Tell
from backend.rails.output.outgoing import Outgoing
from backend.rails.placeholders import Vault
from backend.rails.policy import guarded, policy
from backend.rails.registry import RAILS, WATCHING
from backend.rails.screen import Screen
from backend.records.audit import Audit
from backend.settings import Settings
from indexer.types import Passage


class Stages:
    """``guard`` makes the guard of one answer, for its tenant; the rest is shared."""

    def __init__(
        self,
        settings: Settings,
        rails: Sequence[Rail],
        guard: Callable[[str, Tell], StreamGuard],
        audit: Audit,
    ) -> None:
        self._settings = settings
        self._rails = rails
        self._guard = guard
        self._audit = audit
        self._relevance: list[Relevance] = [
            each.relevance(settings) for each in RAILS.values() if each.relevance
        ]
        self._disarm = [each.disarm for each in RAILS.values() if each.disarm]

    async def degraded(self) -> dict[str, str]:
        """The rails that do not work as configured, by name, and why."""
        states = await asyncio.gather(*(rail.state() for rail in self._rails))
        return {rail.name: state for rail, state in zip(self._rails, states, strict=True) if state}

    def screen(self, tenant: str) -> Screen:
        """The rails that read one request."""
        return Screen(guarded(self._settings, self._rails, tenant), self._audit, tenant)

    def disarm(self, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """The passages, in order, as a model may read them."""
        for disarm in self._disarm:
            passages = disarm(self._settings, passages)
        return tuple(passages)

    async def relevant(
        self,
        request_id: str,
        question: str,
        history: Sequence[Turn],
        found: Retrieved,
        tenant: str,
        search: Search,
        *,
        joined: bool = False,
    ) -> list[str]:
        """Judges a question by what was found for it, and returns warnings. Raises ``Blocked``.

        ``search`` finds more, where a judgement needs it. ``joined`` says that earlier questions
        were searched for together with this one. No turn that a client made up may let it pass
        then, so it is searched for alone before it may be blocked.
        """
        warnings = []
        for rail in self._relevance:
            chosen = policy(self._settings, rail.name, tenant)
            if joined and chosen.action == "block":
                found, joined = await search(question), False
            unknown = found.late or found.failed
            if chosen.action == "off" or (unknown and chosen.on_failure == "allow"):
                continue
            refusal = await rail.refusal(question, history, found, chosen, search)
            action = chosen.action if refusal else "allow"
            spans = [Span(0, len(question), rail.kind)] if refusal else []
            self._audit.record(request_id, tenant, rail.name, action, spans, 0.0)
            if refusal and chosen.action == "block":
                raise Blocked(refusal)
            if refusal and chosen.action == "warn":
                warnings.append(refusal)
        return warnings

    def outgoing(self, request_id: str, tenant: str, vault: Vault) -> Outgoing:
        """What one answer passes on its way out; ``vault`` puts back what its question kept."""

        def tell(action: str, spans: Sequence[Span]) -> None:
            self._audit.record(request_id, tenant, "answer", action, spans, 0.0)

        watching = (
            one
            for one in guarded(self._settings, self._rails, tenant)
            if one.rail.name in WATCHING and one.policy.action == "block"
        )
        return Outgoing([self._guard(tenant, tell), vault.restore()], next(watching, None), tell)
