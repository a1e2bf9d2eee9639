"""Keeps the limits of one gateway at what the ledger lends it, in the background.

No request waits for the ledger. While the ledger does not answer, the gateway goes on: first with
the slots that it holds, and after the loan has ended with an equal share, as all others do then.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

from backend.admission.gate import Gate
from backend.admission.ledger import TTL_S, Grant, Report
from backend.admission.room import Limits
from backend.errors import GlossatorError

log = logging.getLogger(__name__)

IDLE_S = 0.5  # between renewals while nobody waits
WANTING_S = 0.05  # … and while somebody does
LEAST_S = 0.01  # … and in any case
PATIENCE_S = 1.0  # with the ledger

Renew = Callable[[Report], Awaitable[Grant]]


class Shares:
    """``engine`` is what one engine may run. ``renew`` asks the ledger; it raises only our errors.

    Nothing enters the gate until the ledger has answered once.
    """

    def __init__(self, gateway: str, gate: Gate, engine: Limits, renew: Renew) -> None:
        self._gateway = gateway
        self._gate = gate
        self._engine = engine
        self._renew = renew
        self._grant = Grant(slots=0, capacity=engine.requests, gateways=1)
        gate.resize(limits(engine, self._grant))
        self._lost_at: float | None = None  # since when the ledger has not answered

    async def run(self) -> None:
        """Renews the loan until cancelled."""
        while True:
            if not await self.renew():
                await asyncio.sleep(LEAST_S)
                await self._pause()

    async def renew(self) -> bool:
        """Asks once. True when the gateway has to return slots, and should confirm that soon."""
        report = self._report()
        try:
            async with asyncio.timeout(PATIENCE_S):
                grant = await self._renew(report)
        except (GlossatorError, TimeoutError) as error:
            self._alone(error)
            return False
        self._lost_at = None
        self._apply(grant)
        return grant.slots < report.holding

    def _alone(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if self._lost_at is None:
            self._lost_at = now
            log.warning("The admission ledger does not answer, going on without: %r", error)
        elif now - self._lost_at > TTL_S:
            everyone = self._grant
            self._apply(replace(everyone, slots=everyone.capacity // everyone.gateways))

    def _apply(self, grant: Grant) -> None:
        if grant != self._grant:
            self._grant = grant
            self._gate.resize(limits(self._engine, grant))

    def _report(self) -> Report:
        room = self._gate.room
        per_slot = self._engine.tokens / self._engine.requests

        def dominant(requests: int, tokens: float) -> int:
            """The slots that the requests or their tokens take, whichever are more."""
            return max(requests, math.ceil(tokens / per_slot))

        return Report(
            gateway=self._gateway,
            using=dominant(room.running.requests, room.running.tokens),
            wanting=dominant(room.waiting.requests, room.waiting.tokens),
            users=room.users,
            holding=self._grant.slots,
        )

    async def _pause(self) -> None:
        if self._gate.room.waiting.requests:
            await asyncio.sleep(WANTING_S)
            return
        self._gate.somebody_waits.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await self._gate.somebody_waits.wait()


def limits(engine: Limits, grant: Grant) -> Limits:
    """The gateway's part of the engines, and an equal part of the waiting room."""
    return replace(
        engine,
        requests=grant.slots,
        tokens=engine.tokens / engine.requests * max(1, grant.slots),
        waiting_tokens=engine.waiting_tokens / grant.gateways,
    )
