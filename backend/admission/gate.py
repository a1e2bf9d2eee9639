"""The asyncio side of ``room``: the ``Admission`` port of one gateway.

Entering and leaving never await. So a request is shed in the time of a function call, and no slot
is lost to a cancellation in between. One event loop owns the gate.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from backend.admission.cost import Costs, spent
from backend.admission.room import Limits, Reason, Room, Ticket
from backend.errors import DeadlineExceeded, Overloaded
from backend.ports import Demand, Work
from backend.protocol.wire import Kind, Usage

Count = Callable[[Work, str], None]  # counts a request of a kind that was turned away, and why

_SHED: Mapping[Reason, str] = {
    "wait": "Too many requests are ahead of this one",
    "deadline": "The answer would come after its deadline",
    "room": "The waiting room is full",
    "busy": "There is no slot to spare",
}


class Gate:
    """Lets requests in as a ``Room`` decides, by costs that it learns.

    ``somebody_waits`` is set whenever a request has to wait, for a task that can get more slots.
    """

    def __init__(self, limits: Limits, shares: Mapping[Kind, float], turned_away: Count) -> None:
        self._room = Room(limits, shares)
        self._costs = Costs((*shares, "prepare"))
        self._turned_away = turned_away
        self._slots: dict[Ticket, _Slot] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self.somebody_waits = asyncio.Event()

    @property
    def room(self) -> Room:
        """The state of admission, only to be read."""
        return self._room

    @contextmanager
    def enter(self, demand: Demand) -> Iterator["_Slot"]:
        loop = asyncio.get_running_loop()
        tokens = self._costs.estimate(demand)
        expires = demand.deadline - self._costs.fastest_s(demand)
        ticket = Ticket(demand.kind, demand.user, tokens, expires)
        slot = self._slots[ticket] = _Slot(ticket)
        try:
            self._tell(self._room.arrive(loop.time(), ticket))
            if ticket.state == "shed":
                self._turned_away(ticket.kind, ticket.reason)
                raise Overloaded(
                    f"{_SHED[ticket.reason]}. Try again in {ticket.retry_s:.1f} s.",
                    retry_after_ms=math.ceil(1000 * ticket.retry_s),
                )
            if ticket.state == "waiting":
                slot.position = self._room.position(ticket)
                self.somebody_waits.set()
            yield slot
        finally:
            del self._slots[ticket]
            self._leave(loop.time(), demand, ticket, slot)

    def resize(self, limits: Limits) -> None:
        """Applies to the requests that enter next; those that run go on."""
        self._tell(self._room.resize(asyncio.get_running_loop().time(), limits))

    def _leave(self, now: float, demand: Demand, ticket: Ticket, slot: "_Slot") -> None:
        if slot.usage and slot.usage.prompt_tokens and ticket.state == "running":
            cost: float | None = spent(slot.usage)
        else:
            cost = None
        if slot.usage and slot.whole:
            self._costs.learn(demand, slot.usage, now - slot.entered)
        self._tell(self._room.leave(now, ticket, cost))

    def _tell(self, changed: Iterable[Ticket]) -> None:
        for ticket in changed:
            if slot := self._slots.get(ticket):
                slot.changed()
            if ticket.state == "expired":
                self._turned_away(ticket.kind, "expired")
            elif ticket.state == "preempted":
                self._turned_away(ticket.kind, "preempted")
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if (at := self._room.wakes_at) < math.inf:
            self._alarm = asyncio.get_running_loop().call_at(at, self._expire)

    def _expire(self) -> None:
        self._alarm = None
        self._tell(self._room.expire(asyncio.get_running_loop().time()))


class _Slot:
    """The ``Slot`` of one request: what the request sees of its ticket."""

    def __init__(self, ticket: Ticket) -> None:
        loop = asyncio.get_running_loop()
        self.position: int | None = None
        self.entered = loop.time()
        self.usage: Usage | None = None
        self.whole = False
        self._ticket = ticket
        self._turn = loop.create_future()
        self._task = asyncio.current_task()

    async def admitted(self) -> None:
        if self._ticket.state == "waiting":
            await self._turn
        if self._ticket.state == "expired":
            raise DeadlineExceeded("The answer could no longer be complete in time. Ask again.")

    def used(self, usage: Usage, *, whole: bool) -> None:
        self.usage, self.whole = usage, whole

    def changed(self) -> None:
        """Called when the ticket has a new state."""
        if self._ticket.state == "running":
            self.entered = asyncio.get_running_loop().time()
        elif self._ticket.state == "preempted" and self._task:
            self._task.cancel()
        if not self._turn.done():
            self._turn.set_result(None)
