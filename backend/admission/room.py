"""The waiting room and the slots in the engine: every decision of admission. Pure.

A request is a ``Ticket``. Each method takes ``now``, in seconds on the caller's clock, and returns
the tickets whose ``state`` it changed; ``gate`` tells their owners. The rules, in order:

1. At most ``requests`` and ``tokens`` run. A request larger than that runs alone.
2. Waiting requests are served by virtual time (``fair``): first among kinds, by their shares, then
   among the users of a kind. A user's own requests of a kind keep their order. ``reserved_share``
   of the slots is kept for users who hold less than an equal part of them.
3. A request is shed on arrival in three cases: it would wait longer than ``wait_s`` or past its own
   expiry; its user's queue has stood still for that long, because others passed it, which no
   prediction knew; or the room is full. One user may fill the room up to the part that is left
   free (dynamic thresholds: A. Choudhury, E. Hahne, IEEE/ACM Trans. Networking 6(2), 1998).
4. A request that has expired leaves its queue at once.
5. ``prepare`` never waits. It runs in spare slots only, and gives them up when others need them.
"""

import math
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from backend.admission.drain import DrainRate
from backend.admission.fair import Backlog, SelfClocked, StartTime
from backend.ports import Work
from backend.protocol.wire import Kind

State = Literal["new", "waiting", "running", "shed", "expired", "preempted", "left"]
Reason = Literal["", "wait", "deadline", "room", "busy"]
UNKNOWN_WAIT_S = 1.0  # what a shed client is told before any rate is known


@dataclass(frozen=True, slots=True)
class Limits:
    """``requests`` and ``tokens`` may run; ``waiting_tokens`` and ``wait_s`` bound the queues.

    Of what may run, ``reserved_share`` is kept for modest users, and ``prepare`` may fill
    ``spare_share``; both are from 0 to 1.
    """

    requests: int
    tokens: float = math.inf
    waiting_tokens: float = math.inf
    wait_s: float = math.inf
    reserved_share: float = 0.0
    spare_share: float = 0.5


@dataclass(eq=False, slots=True)
class Ticket:
    """One request. ``tokens`` is its estimated cost; after ``expires`` nobody wants the answer."""

    kind: Work
    user: Hashable
    tokens: float
    expires: float = math.inf
    arrived: float = 0.0
    state: State = "new"
    reason: Reason = ""  # why it was shed
    retry_s: float = 0.0  # … and when to come again


class _Queues:
    """The waiting requests of one kind: a queue for each user."""

    def __init__(self) -> None:
        self.time: StartTime[Hashable] = StartTime()
        self.of: dict[Hashable, deque[Ticket]] = {}
        self.waiting: defaultdict[Hashable, Backlog] = defaultdict(Backlog)
        self.total = Backlog()

    def append(self, ticket: Ticket) -> None:
        self.of.setdefault(ticket.user, deque()).append(ticket)
        self.waiting[ticket.user].add(ticket.tokens)
        self.total.add(ticket.tokens)

    def waiting_of(self, user: Hashable) -> float:
        return self.waiting[user].tokens if user in self.waiting else 0.0

    def remove(self, ticket: Ticket) -> None:
        queue = self.of[ticket.user]
        queue.remove(ticket)
        self.waiting[ticket.user].remove(ticket.tokens)
        self.total.remove(ticket.tokens)
        if not queue:
            del self.of[ticket.user], self.waiting[ticket.user]
            self.time.part(ticket.user)


class Room:
    """``shares`` are the weights of the kinds that may wait, the most urgent kind first."""

    def __init__(self, limits: Limits, shares: Mapping[Kind, float]) -> None:
        self.limits = limits
        self.running = Backlog()
        self.arrived_tokens = 0.0  # since the start, without those of `prepare`
        self._of_user: defaultdict[Hashable, Backlog] = defaultdict(Backlog)  # the running requests
        self._spare: dict[Ticket, None] = {}  # running, but must give way; oldest first
        self._kinds: SelfClocked[Work] = SelfClocked(lambda kind: shares[kind])  # type: ignore[index]
        self._queues: dict[Work, _Queues] = {kind: _Queues() for kind in shares}
        self._rate = DrainRate()
        self._full = False  # the next request does not fit

    # -- what it looks like

    @property
    def waiting(self) -> Backlog:
        totals = [queues.total for queues in self._queues.values()]
        return Backlog(sum(each.tokens for each in totals), sum(each.requests for each in totals))

    def waiting_of(self, kind: Work) -> Backlog:
        return self._queues[kind].total

    @property
    def users(self) -> int:
        """How many users have requests that run or wait."""
        return len(
            self._of_user.keys() | {user for each in self._queues.values() for user in each.of}
        )

    @property
    def wakes_at(self) -> float:
        """When to call ``expire`` next; infinite when no waiting request has an expiry."""
        return min((ticket.expires for ticket in self._everyone()), default=math.inf)

    @property
    def tokens_per_s(self) -> float | None:
        """How fast the engine works while requests wait; None until it is known."""
        return self._rate.per_s(self.limits.requests) or None

    def wait_s(self, kind: Work, user: Hashable, tokens: float = 0.0) -> float | None:
        """How long one more request would wait; None until a rate is known."""
        rate = self.tokens_per_s
        own = self._queues[kind].waiting_of(user)
        return self._ahead(kind, user, own, tokens) / rate if rate else None

    def position(self, ticket: Ticket) -> int:
        """About how many requests go before the newest one of this user."""
        waiting = self.waiting
        before = self._ahead_of(ticket) - ticket.tokens
        return max(0, round(before * waiting.requests / waiting.tokens)) if waiting.tokens else 0

    # -- what happens to it

    def arrive(self, now: float, ticket: Ticket) -> list[Ticket]:
        """Takes a request in. Afterwards it runs, waits or was shed."""
        changed = self.expire(now)
        ticket.arrived = now
        if ticket.kind == "prepare":
            self._arrive_spare(ticket)
            return [*changed, ticket]
        self.arrived_tokens += ticket.tokens
        ticket.state = "waiting"
        self._queues[ticket.kind].append(ticket)
        changed += self._fill()
        if ticket.state == "waiting":
            changed += self._give_way()
            changed += self._fill()
        if ticket.state == "waiting":
            waited_s = self._waited_s(now, ticket)
            if reason := self._refusal(now, ticket, waited_s):
                self._queues[ticket.kind].remove(ticket)
                wait_s = self.wait_s(ticket.kind, ticket.user, ticket.tokens)
                ticket.state, ticket.reason = "shed", reason
                ticket.retry_s = max(UNKNOWN_WAIT_S if wait_s is None else wait_s, waited_s)
                changed.append(ticket)
        return changed

    def leave(self, now: float, ticket: Ticket, spent: float | None = None) -> list[Ticket]:
        """A request ended or gave up; it cost ``spent`` tokens (None: as many as estimated)."""
        changed = self.expire(now)
        if ticket.state == "waiting":
            self._queues[ticket.kind].remove(ticket)
        elif ticket.state == "running":
            if self._saturated:
                self._rate.release(ticket.tokens)
            self._release(ticket)
            if spent is not None and ticket.kind != "prepare":
                queues = self._queues[ticket.kind]
                queues.time.correct(ticket.user, spent - ticket.tokens)
        else:
            return changed
        ticket.state = "left"
        changed += self._fill()
        if not self.running.requests and not self.waiting.requests:
            self._kinds.reset()
            for queues in self._queues.values():
                queues.time.reset()
        return changed

    def expire(self, now: float) -> list[Ticket]:
        self._rate.advance(now, self.limits.requests, saturated=self._saturated)
        if now < self.wakes_at:
            return []
        late = [ticket for ticket in self._everyone() if ticket.expires <= now]
        for ticket in late:
            self._queues[ticket.kind].remove(ticket)
            ticket.state = "expired"
        return late + self._fill()

    def resize(self, now: float, limits: Limits) -> list[Ticket]:
        """Applies new limits. Running requests go on, even beyond them; waiting ones still wait."""
        changed = self.expire(now)
        self.limits = limits
        return changed + self._fill()

    # -- how it decides

    def _everyone(self) -> Iterable[Ticket]:
        for queues in self._queues.values():
            for queue in queues.of.values():
                yield from queue

    @property
    def _saturated(self) -> bool:
        """Whether requests wait for the engine, and not for other requests of their user to end."""
        return self._full and self.waiting.requests > 0

    def _fits(self, tokens: float) -> bool:
        running, limits = self.running, self.limits
        return running.requests < limits.requests and (
            running.tokens + tokens <= limits.tokens or not running.requests
        )

    def _fill(self) -> list[Ticket]:
        """Lets requests in, in their turn, while they fit.

        No request overtakes one that is too large to fit yet, because a stream of small requests
        would keep a large one out for good.
        """
        entered = []
        while (ticket := self._next()) and self._fits(ticket.tokens):
            queues = self._queues[ticket.kind]
            # Before it leaves the queue, because only a waiting request has kept its tag.
            queues.time.serve(ticket.user, ticket.tokens)
            queues.remove(ticket)
            self._kinds.serve(ticket.kind, ticket.tokens)
            self._occupy(ticket)
            entered.append(ticket)
        self._full = ticket is not None
        return entered

    def _next(self) -> Ticket | None:
        heads = []
        for kind, queues in self._queues.items():
            if head := self._head(queues):
                self._kinds.join(kind)
                heads.append(head)
            else:
                self._kinds.part(kind)
        # ``min`` takes the first of equals, which is of the most urgent kind.
        return min(heads, key=lambda head: self._kinds.finish(head.kind, head.tokens), default=None)

    def _head(self, queues: _Queues) -> Ticket | None:
        """The next request of one kind."""
        if not queues.total.requests:
            return None
        users = self.users
        heads = []
        for user, queue in queues.of.items():
            if users > 1 and self._takes_what_is_reserved(user, queue[0].tokens, users):
                queues.time.part(user)  # waiting for its own requests to end earns no claim
            else:
                queues.time.join(user)
                heads.append(queue[0])
        start = queues.time.start
        return min(heads, key=lambda head: (start(head.user), head.arrived), default=None)

    def _takes_what_is_reserved(self, user: Hashable, tokens: float, users: int) -> bool:
        if user not in self._of_user:
            return False
        held, running, limits = self._of_user[user], self.running, self.limits
        left = 1 - limits.reserved_share
        return (
            held.requests >= max(2, limits.requests / users)
            and running.requests + 1 > left * limits.requests
        ) or (
            held.tokens + tokens > limits.tokens / users
            and running.tokens + tokens > left * limits.tokens
        )

    def _ahead_of(self, ticket: Ticket) -> float:
        """The tokens up to the end of this ticket, which must be the newest in its user's queue."""
        own = self._queues[ticket.kind].waiting_of(ticket.user) - ticket.tokens
        return self._ahead(ticket.kind, ticket.user, own, ticket.tokens)

    def _ahead(self, kind: Work, user: Hashable, own: float, tokens: float) -> float:
        """The tokens that are served up to the end of a request of ``tokens``, with its own.

        ``own`` are the tokens that wait before it in the queue of its user.
        """
        queues = self._queues[kind]
        in_kind = own + queues.time.ahead(user, own, queues.waiting) + tokens
        totals = {each: queues.total for each, queues in self._queues.items()}
        return in_kind + self._kinds.ahead(kind, in_kind, totals)

    def _waited_s(self, now: float, ticket: Ticket) -> float:
        """How long the first in this user's queue has been waiting."""
        return now - self._queues[ticket.kind].of[ticket.user][0].arrived

    def _refusal(self, now: float, ticket: Ticket, waited_s: float) -> Reason:
        """Why this waiting request should be shed instead; empty when it may wait."""
        queues = self._queues[ticket.kind]
        waiting, own = self.waiting.tokens, queues.waiting_of(ticket.user)
        if own > self.limits.waiting_tokens - (waiting - ticket.tokens):
            return "room"
        if waited_s > self.limits.wait_s:
            return "wait"
        ahead, rate = self._ahead_of(ticket), self.tokens_per_s
        if rate is None:
            # Assumes that the running requests take ``wait_s``, so that a crowd at the start does
            # not fill the room.
            bounded = self.limits.wait_s < math.inf and self.limits.requests > 0
            return "wait" if bounded and ahead > self.running.tokens else ""
        if ahead / rate > self.limits.wait_s:
            return "wait"
        return "deadline" if now + ahead / rate > ticket.expires else ""

    def _arrive_spare(self, ticket: Ticket) -> None:
        running, limits = self.running, self.limits
        if (
            self.waiting.requests
            or running.requests + 1 > limits.spare_share * limits.requests
            or running.tokens + ticket.tokens > limits.spare_share * limits.tokens
        ):
            ticket.state, ticket.reason, ticket.retry_s = "shed", "busy", UNKNOWN_WAIT_S
            return
        self._spare[ticket] = None
        self._occupy(ticket)

    def _give_way(self) -> list[Ticket]:
        preempted = list(self._spare)
        for ticket in preempted:
            self._release(ticket)
            ticket.state = "preempted"
        return preempted

    def _occupy(self, ticket: Ticket) -> None:
        ticket.state = "running"
        self.running.add(ticket.tokens)
        self._of_user[ticket.user].add(ticket.tokens)

    def _release(self, ticket: Ticket) -> None:
        self._spare.pop(ticket, None)
        self.running.remove(ticket.tokens)
        held = self._of_user[ticket.user]
        held.remove(ticket.tokens)
        if not held.requests:
            del self._of_user[ticket.user]
