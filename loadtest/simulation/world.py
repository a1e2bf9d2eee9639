"""One run of a trace: users, the waiting queue, and replicas that start and stop.

Admission is the backend's own code (``backend.admission.room``), with slots for the running
replicas. A request goes to the replica with the least work. A new replica is paid for from when it
was asked for, and answers ``startup_s`` later. A replica that stops takes nothing new, and is paid
for until it is empty.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from msgspec.structs import astuple

from backend.admission.room import Limits as RoomLimits
from backend.admission.room import Room, Ticket
from backend.autoscaling import Observed
from backend.protocol.wire import Kind
from loadtest.simulation.events import Clock, Event
from loadtest.simulation.replica import Replica, Request
from loadtest.simulation.scaling import Scaler
from loadtest.simulation.speed import Speed
from loadtest.simulation.traffic import Asked

SHARES: Mapping[Kind, float] = {"help": 16.0, "chat": 4.0, "optimize": 1.0}
PATIENCE_S = 120.0  # a user has no use for an answer after this


@dataclass(frozen=True, slots=True)
class Rules:
    """Admission's limits for each replica. A request that would wait over ``wait_s`` is shed."""

    wait_s: float = 3.0
    waiting_tokens: float = 65_536.0


@dataclass(slots=True)
class Outcome:
    """``replica_s`` were paid for. ``most`` is the largest number of replicas at once."""

    requests: list[Request]
    replica_s: float = 0.0
    most: int = 0
    changes: int = 0


class World:
    def __init__(
        self, speed: Speed, scaler: Scaler, replicas: int, rules: Rules | None = None
    ) -> None:
        self._clock = Clock()
        self._speed = speed
        self._scaler = scaler
        self._rules = rules
        self._target = replicas
        self._starting: list[Event] = []
        self._replicas = [self._replica() for _ in range(replicas)]
        self._room = Room(self._limits(), SHARES)
        self._tickets: dict[Ticket, Request] = {}
        self._held: dict[int, Ticket] = {}  # by the request's `id()`
        self._arrived_tokens = 0
        self._outcome = Outcome([], most=replicas)
        self._paid_until = 0.0
        self._wakes_at = math.inf

    def run(self, trace: Sequence[Asked]) -> Outcome:
        """Runs until every request of ``trace`` has ended."""
        clock = self._clock
        for asked in trace:
            request = Request(*astuple(asked))
            self._outcome.requests.append(request)
            clock.at(asked.at_s, lambda request=request: self._arrive(request))  # type: ignore[misc]
        self._look()
        clock.run(trace[-1].at_s if trace else 0.0)
        while any(
            request.ended_at_s is None and not request.shed for request in self._outcome.requests
        ):
            clock.run(clock.now + 10.0)
        self._pay()
        return self._outcome

    # -- requests

    def _arrive(self, request: Request) -> None:
        self._arrived_tokens += request.cost
        ticket = Ticket(
            cast(Kind, request.kind), request.user, request.cost, request.at_s + PATIENCE_S
        )
        self._tickets[ticket] = request
        self._held[id(request)] = ticket
        self._admit(self._room.arrive(self._clock.now, ticket))

    def _admit(self, changed: Sequence[Ticket]) -> None:
        for ticket in changed:
            if ticket.state in ("shed", "expired"):
                self._tickets.pop(ticket).shed = True
            elif ticket.state == "running":
                request = self._tickets.pop(ticket)
                takers = [replica for replica in self._replicas if not replica.draining]
                min(takers, key=lambda replica: replica.tokens).submit(request)
        if (at := self._room.wakes_at) < self._wakes_at:
            self._wakes_at = at
            self._clock.at(at, self._expire)

    def _expire(self) -> None:
        self._wakes_at = math.inf
        self._admit(self._room.expire(self._clock.now))

    def _ended(self, request: Request) -> None:
        ticket = self._held.pop(id(request))
        self._admit(self._room.leave(self._clock.now, ticket))
        self._bury()

    # -- replicas

    def _replica(self) -> Replica:
        return Replica(self._clock, self._speed, self._ended)

    @property
    def _serving(self) -> list[Replica]:
        return [replica for replica in self._replicas if not replica.draining]

    def _limits(self) -> RoomLimits:
        serving, speed = len(self._serving), self._speed
        limits = RoomLimits(serving * speed.max_num_seqs, tokens=serving * speed.kv_tokens)
        if self._rules is None:
            return limits
        return replace(
            limits,
            wait_s=self._rules.wait_s,
            waiting_tokens=serving * self._rules.waiting_tokens,
            reserved_share=0.4,
        )

    def _look(self) -> None:
        clock, room = self._clock, self._room
        serving = self._serving
        waiting = room.waiting
        seen = Observed(
            clock.now,
            running=len(serving),
            target=self._target,
            arrived_tokens_per_s=self._arrived_tokens / self._scaler.interval_s,
            running_tokens=room.running.tokens,
            waiting_tokens=waiting.tokens,
            kv_use=sum(each.kv_use for each in serving) / max(1, len(serving)),
            queue_s=(room.wait_s("chat", "") or 0.0) if waiting.requests else 0.0,
        )
        self._arrived_tokens = 0
        target = self._scaler.target(seen, room.running.requests + waiting.requests)
        self._scale(target)
        clock.at(clock.now + self._scaler.interval_s, self._look)

    def _scale(self, target: int) -> None:
        if target == self._target:
            return
        self._outcome.changes += 1
        self._pay()
        self._target = target
        serving = sorted(self._serving, key=lambda replica: replica.requests)
        while len(serving) + len(self._starting) < target:
            ready_at = self._clock.now + self._speed.startup_s
            self._starting.append(self._clock.at(ready_at, self._started))
        # As in Serve, replicas that are still starting stop first.
        while self._starting and len(serving) + len(self._starting) > target:
            self._starting.pop().call_off()
        for replica in serving[: max(0, len(serving) - target)]:
            replica.draining = True
        self._bury()
        self._outcome.most = max(self._outcome.most, len(self._replicas) + len(self._starting))
        self._admit(self._room.resize(self._clock.now, self._limits()))

    def _started(self) -> None:
        self._pay()
        self._starting.pop(0)
        self._replicas.append(self._replica())
        self._admit(self._room.resize(self._clock.now, self._limits()))

    def _bury(self) -> None:
        if any(replica.draining and not replica.requests for replica in self._replicas):
            self._pay()
            self._replicas = [
                replica for replica in self._replicas if replica.requests or not replica.draining
            ]

    def _pay(self) -> None:
        passed = self._clock.now - self._paid_until
        self._outcome.replica_s += passed * (len(self._replicas) + len(self._starting))
        self._paid_until = self._clock.now
