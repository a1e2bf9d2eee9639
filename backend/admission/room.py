"""The waiting room and the places in the engine: every decision of admission. Pure.

Requests are ``Ticket``s. Each method takes ``now``, in seconds on the caller's clock, and returns
the tickets whose ``state`` it changed; ``gate`` tells their owners. Rules, in order:

1. At most ``requests`` and ``tokens`` run. A request larger than that runs alone.
2. Who waits is served by virtual time (``fair``): first among kinds, by their shares, then among
   the users of a kind; a user's own requests of a kind keep their order. ``reserved_share`` of
   what may run is kept for users who hold less than an equal part of it.
3. A request is shed on arrival when it would wait longer than ``wait_s`` or past its own expiry,
   when its user's line has stood for that long (others passed it, which no prediction knew), or
   when the room is full. A user may fill it up to what is left free (dynamic thresholds:
   A. Choudhury, E. Hahne, IEEE/ACM Trans. Networking 6(2), 1998).
4. Who has expired leaves the queue at once.
5. ``prepare`` never waits: it runs in spare places only, and leaves them to whoever needs them.
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
UNKNOWN_WAIT_S = 1.0  # said to who is shed before any rate is known


@dataclass(frozen=True, slots=True)
class Limits:
    """``requests`` and ``tokens`` run at once; ``waiting_tokens`` and ``wait_s`` bound the room.

    ``reserved_share`` is of what may run, ``spare_share`` what of it ``prepare`` may fill; 0 to 1.
    """

    requests: int
    tokens: float = math.inf
    waiting_tokens: float = math.inf
    wait_s: float = math.inf
    reserved_share: float = 0.0
    spare_share: float = 0.5


@dataclass(eq=False, slots=True)
class Ticket:
    """One request. ``tokens`` is its estimated cost; nobody has a use for it after ``expires``."""

    kind: Work
    user: Hashable
    tokens: float
    expires: float = math.inf
    arrived: float = 0.0
    state: State = "new"
    reason: Reason = ""  # why it was shed
    retry_s: float = 0.0  # … and when to come again


class _Lines:
    """Those of one kind that wait, a line for each user."""

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
        line = self.of[ticket.user]
        line.remove(ticket)
        self.waiting[ticket.user].remove(ticket.tokens)
        self.total.remove(ticket.tokens)
        if not line:
            del self.of[ticket.user], self.waiting[ticket.user]
            self.time.part(ticket.user)


class Room:
    """``shares`` weighs the kinds that may wait, most urgent first; equals are served in order."""

    def __init__(self, limits: Limits, shares: Mapping[Kind, float]) -> None:
        self.limits = limits
        self.running = Backlog()
        self.arrived_tokens = 0.0  # ever, those of `prepare` not counted
        self._of_user: defaultdict[Hashable, Backlog] = defaultdict(Backlog)  # of what runs
        self._spare: dict[Ticket, None] = {}  # those of it that must give way, oldest first
        self._kinds: SelfClocked[Work] = SelfClocked(lambda kind: shares[kind])  # type: ignore[index]
        self._lines: dict[Work, _Lines] = {kind: _Lines() for kind in shares}
        self._rate = DrainRate()
        self._full = False  # whoever is next does not fit

    # -- what it looks like

    @property
    def waiting(self) -> Backlog:
        totals = [lines.total for lines in self._lines.values()]
        return Backlog(sum(each.tokens for each in totals), sum(each.requests for each in totals))

    def waiting_of(self, kind: Work) -> Backlog:
        return self._lines[kind].total

    @property
    def users(self) -> int:
        """Whose requests run or wait."""
        return len(
            self._of_user.keys() | {user for each in self._lines.values() for user in each.of}
        )

    @property
    def wakes_at(self) -> float:
        """When to call ``expire`` next; infinite when nobody who waits has an expiry."""
        return min((ticket.expires for ticket in self._everyone()), default=math.inf)

    @property
    def tokens_per_s(self) -> float | None:
        """What the engine works off while requests wait; None until it is known."""
        return self._rate.per_s(self.limits.requests) or None

    def wait_s(self, kind: Work, user: Hashable, tokens: float = 0.0) -> float | None:
        """The predicted wait of one more request, had it to wait; None until a rate is known."""
        rate = self.tokens_per_s
        own = self._lines[kind].waiting_of(user)
        return self._ahead(kind, user, own, tokens) / rate if rate else None

    def position(self, ticket: Ticket) -> int:
        """About how many requests go before the last one of its user."""
        waiting = self.waiting
        before = self._ahead_of(ticket) - ticket.tokens
        return max(0, round(before * waiting.requests / waiting.tokens)) if waiting.tokens else 0

    # -- what happens to it

    def arrive(self, now: float, ticket: Ticket) -> list[Ticket]:
        """Afterwards it runs, waits or was shed."""
        changed = self.expire(now)
        ticket.arrived = now
        if ticket.kind == "prepare":
            self._arrive_spare(ticket)
            return [*changed, ticket]
        self.arrived_tokens += ticket.tokens
        ticket.state = "waiting"
        self._lines[ticket.kind].append(ticket)
        changed += self._fill()
        if ticket.state == "waiting":
            changed += self._give_way()
            changed += self._fill()
        if ticket.state == "waiting":
            waited_s = self._waited_s(now, ticket)
            if reason := self._refusal(now, ticket, waited_s):
                self._lines[ticket.kind].remove(ticket)
                wait_s = self.wait_s(ticket.kind, ticket.user, ticket.tokens)
                ticket.state, ticket.reason = "shed", reason
                ticket.retry_s = max(UNKNOWN_WAIT_S if wait_s is None else wait_s, waited_s)
                changed.append(ticket)
        return changed

    def leave(self, now: float, ticket: Ticket, spent: float | None = None) -> list[Ticket]:
        """It ended or gave up, having cost ``spent`` tokens (None: what was estimated)."""
        changed = self.expire(now)
        if ticket.state == "waiting":
            self._lines[ticket.kind].remove(ticket)
        elif ticket.state == "running":
            if self._saturated:
                self._rate.release(ticket.tokens)
            self._release(ticket)
            if spent is not None and ticket.kind != "prepare":
                lines = self._lines[ticket.kind]
                lines.time.correct(ticket.user, spent - ticket.tokens)
        else:
            return changed
        ticket.state = "left"
        changed += self._fill()
        if not self.running.requests and not self.waiting.requests:
            self._kinds.reset()
            for lines in self._lines.values():
                lines.time.reset()
        return changed

    def expire(self, now: float) -> list[Ticket]:
        self._rate.advance(now, self.limits.requests, saturated=self._saturated)
        if now < self.wakes_at:
            return []
        late = [ticket for ticket in self._everyone() if ticket.expires <= now]
        for ticket in late:
            self._lines[ticket.kind].remove(ticket)
            ticket.state = "expired"
        return late + self._fill()

    def resize(self, now: float, limits: Limits) -> list[Ticket]:
        """What runs goes on, also above smaller limits; who waits still waits."""
        changed = self.expire(now)
        self.limits = limits
        return changed + self._fill()

    # -- how it decides

    def _everyone(self) -> Iterable[Ticket]:
        for lines in self._lines.values():
            for line in lines.of.values():
                yield from line

    @property
    def _saturated(self) -> bool:
        """Requests wait for the engine, not for their user's other requests to end."""
        return self._full and self.waiting.requests > 0

    def _fits(self, tokens: float) -> bool:
        running, limits = self.running, self.limits
        return running.requests < limits.requests and (
            running.tokens + tokens <= limits.tokens or not running.requests
        )

    def _fill(self) -> list[Ticket]:
        """Lets in whose turn it is, while they fit. Nobody overtakes who is too large to fit yet:
        a stream of small requests would keep a large one out for good."""
        entered = []
        while (ticket := self._next()) and self._fits(ticket.tokens):
            lines = self._lines[ticket.kind]
            # Before it leaves the line: as one that waits it has kept its tag.
            lines.time.serve(ticket.user, ticket.tokens)
            lines.remove(ticket)
            self._kinds.serve(ticket.kind, ticket.tokens)
            self._occupy(ticket)
            entered.append(ticket)
        self._full = ticket is not None
        return entered

    def _next(self) -> Ticket | None:
        heads = []
        for kind, lines in self._lines.items():
            if head := self._head(lines):
                self._kinds.join(kind)
                heads.append(head)
            else:
                self._kinds.part(kind)
        # Of equals the first, and that is of the most urgent kind.
        return min(heads, key=lambda head: self._kinds.finish(head.kind, head.tokens), default=None)

    def _head(self, lines: _Lines) -> Ticket | None:
        """Who is next of one kind."""
        if not lines.total.requests:
            return None
        users = self.users
        heads = []
        for user, line in lines.of.items():
            if users > 1 and self._takes_what_is_reserved(user, line[0].tokens, users):
                lines.time.part(user)  # it earns no claim by waiting for its own to end
            else:
                lines.time.join(user)
                heads.append(line[0])
        start = lines.time.start
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
        """Of the last one in its user's line, which what has just arrived is."""
        own = self._lines[ticket.kind].waiting_of(ticket.user) - ticket.tokens
        return self._ahead(ticket.kind, ticket.user, own, ticket.tokens)

    def _ahead(self, kind: Work, user: Hashable, own: float, tokens: float) -> float:
        """Tokens that are served up to the end of a request of ``tokens``, itself included, with
        ``own`` of its user's before it."""
        lines = self._lines[kind]
        in_kind = own + lines.time.ahead(user, own, lines.waiting) + tokens
        totals = {each: lines.total for each, lines in self._lines.items()}
        return in_kind + self._kinds.ahead(kind, in_kind, totals)

    def _waited_s(self, now: float, ticket: Ticket) -> float:
        """How long the first of its user's line waits already."""
        return now - self._lines[ticket.kind].of[ticket.user][0].arrived

    def _refusal(self, now: float, ticket: Ticket, waited_s: float) -> Reason:
        """Why a request that waits now should not."""
        lines = self._lines[ticket.kind]
        waiting, own = self.waiting.tokens, lines.waiting_of(ticket.user)
        if own > self.limits.waiting_tokens - (waiting - ticket.tokens):
            return "room"
        if waited_s > self.limits.wait_s:
            return "wait"
        ahead, rate = self._ahead_of(ticket), self.tokens_per_s
        if rate is None:
            # As if what runs took ``wait_s``: a crowd at the start does not fill the room.
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
