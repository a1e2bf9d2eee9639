"""Virtual time: which of several parties is served next, so that each gets its share. Pure.

Two orders, both counted in tokens, as Y. Sheng et al. do ("Fairness in Serving Large Language
Models", OSDI 2024). While two parties both wait, what they are served differs, per weight, by at
most one request of each; a party that was away neither saved up nor lost anything.

- ``StartTime`` (P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queuing", SIGCOMM 1996) serves the
  smallest start tag: who comes anew is next, whatever the request's size. For users.
- ``SelfClocked`` (S. Golestani, "A Self-Clocked Fair Queueing Scheme", INFOCOM 1994) serves the
  smallest finish tag: who comes anew with a large weight is next, with a small one waits for its
  share. For kinds, whose weights are their urgency.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Party = TypeVar("Party")


@dataclass(slots=True)
class Backlog:
    """What of one party waits."""

    tokens: float = 0.0
    requests: int = 0

    def add(self, tokens: float) -> None:
        self.tokens += tokens
        self.requests += 1

    def remove(self, tokens: float) -> None:
        # Sums of floats keep crumbs; nothing waiting is exactly nothing.
        self.requests -= 1
        self.tokens = self.tokens - tokens if self.requests else 0.0


class _VirtualTime(Generic[Party]):
    """The tags of all parties. It holds no requests; who waits is the caller's to know."""

    def __init__(self, weight: Callable[[Party], float] = lambda _: 1.0) -> None:
        self._weight = weight
        self._now = 0.0
        self._tags: dict[Party, float] = {}
        self._joined: set[Party] = set()

    def join(self, party: Party) -> None:
        """It waits from now on, and keeps its tag until it is served; twice means nothing."""
        if party not in self._joined:
            self._tags[party] = self.start(party)
            self._joined.add(party)

    def part(self, party: Party) -> None:
        """It does not wait (any more)."""
        self._joined.discard(party)

    def start(self, party: Party) -> float:
        """The start tag of its next request."""
        tag = self._tags.get(party, 0.0)
        return tag if party in self._joined else max(self._now, tag)

    def finish(self, party: Party, tokens: float) -> float:
        """The finish tag of its next request, or of its next requests together."""
        return self.start(party) + tokens / self._weight(party)

    def correct(self, party: Party, tokens: float) -> None:
        """A request took so many tokens more than it was served with; less when negative."""
        self._tags[party] = self.finish(party, tokens)

    def reset(self) -> None:
        """Nobody waits and nobody is served: old accounts are closed."""
        self._now = 0.0
        self._tags.clear()
        self._joined.clear()

    def _lead(self, other: Party, tag: float) -> float:
        """Tokens of ``other`` between its start and a tag."""
        return (tag - self.start(other)) * self._weight(other)


class StartTime(_VirtualTime[Party]):
    """The smallest ``start`` goes first. Any number of parties may come and go.

    While others wait, virtual time passes at least as fast as if all were served side by side
    (generalized processor sharing). By start tags alone it would stand still for as long as each
    party that is served is a new one, and who was served before would never be again.
    """

    _sweep_at = 64

    def serve(self, party: Party, tokens: float) -> None:
        start = self.start(party)
        self._tags[party] = self.finish(party, tokens)
        others = len(self._joined) - (party in self._joined)
        passed = tokens / (others + 1) if others else 0.0
        self._now = max(start, self._now + passed)
        if len(self._tags) >= self._sweep_at:
            self._tags = {
                each: tag
                for each, tag in self._tags.items()
                if tag > self._now or each in self._joined
            }
            self._sweep_at = 64 + 2 * len(self._tags)

    def ahead(self, party: Party, own: float, waiting: Mapping[Party, Backlog]) -> float:
        """Tokens of others that are served before ``party`` is past ``own`` of its tokens.

        Exact to within one request of each; what arrives later is not known.
        """
        tag = self.finish(party, own)

        def before(other: Party, backlog: Backlog) -> float:
            lead = self._lead(other, tag)
            mean = backlog.tokens / max(1, backlog.requests)  # the one that starts at the tag
            return 0.0 if lead < 0 else min(backlog.tokens, lead + mean)

        return sum(before(each, waiting[each]) for each in waiting if each != party)


class SelfClocked(_VirtualTime[Party]):
    """The smallest ``finish`` goes first, among those who ``join`` while they wait."""

    def serve(self, party: Party, tokens: float) -> None:
        self._now = self._tags[party] = self.finish(party, tokens)

    def ahead(self, party: Party, own: float, waiting: Mapping[Party, Backlog]) -> float:
        """Tokens of others that are served before the last of ``own`` tokens of ``party``."""
        tag = self.finish(party, own)
        return sum(
            max(0.0, min(waiting[other].tokens, self._lead(other, tag)))
            for other in waiting
            if other != party
        )
