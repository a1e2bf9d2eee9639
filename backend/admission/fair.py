"""Virtual time: which of several parties is served next, so that each gets its share. Pure.

There are two orders, and both count tokens, as Y. Sheng et al. do ("Fairness in Serving Large
Language Models", OSDI 2024). While two parties both wait, the tokens served to them differ, per
weight, by at most one request of each. A party that was away has neither saved up nor lost any.

- ``StartTime`` (P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queuing", SIGCOMM 1996) serves the
  smallest start tag: a new party is next, whatever the size of its request. Users are served so.
- ``SelfClocked`` (S. Golestani, "A Self-Clocked Fair Queueing Scheme", INFOCOM 1994) serves the
  smallest finish tag: a new party with a large weight is next, and one with a small weight waits
  for its share. Kinds are served so; their weights are their urgency.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Party = TypeVar("Party")


@dataclass(slots=True)
class Backlog:
    """The requests of one party, and their tokens."""

    tokens: float = 0.0
    requests: int = 0

    def add(self, tokens: float) -> None:
        self.tokens += tokens
        self.requests += 1

    def remove(self, tokens: float) -> None:
        # Sums of floats leave crumbs, but without requests there must be no tokens.
        self.requests -= 1
        self.tokens = self.tokens - tokens if self.requests else 0.0


class _VirtualTime(Generic[Party]):
    """The tags of all parties. It holds no requests: the caller knows which ones wait."""

    def __init__(self, weight: Callable[[Party], float] = lambda _: 1.0) -> None:
        self._weight = weight
        self._now = 0.0
        self._tags: dict[Party, float] = {}
        self._joined: set[Party] = set()

    def join(self, party: Party) -> None:
        """The party waits from now on, and keeps its tag until it is served. Twice is harmless."""
        if party not in self._joined:
            self._tags[party] = self.start(party)
            self._joined.add(party)

    def part(self, party: Party) -> None:
        """The party does not wait, or no longer."""
        self._joined.discard(party)

    def start(self, party: Party) -> float:
        """The start tag of the party's next request."""
        tag = self._tags.get(party, 0.0)
        return tag if party in self._joined else max(self._now, tag)

    def finish(self, party: Party, tokens: float) -> float:
        """The finish tag of the party's next request, or of several next ones together."""
        return self.start(party) + tokens / self._weight(party)

    def correct(self, party: Party, tokens: float) -> None:
        """A request took this many tokens more than it was served with, or fewer if negative."""
        self._tags[party] = self.finish(party, tokens)

    def reset(self) -> None:
        """Forgets everything, once nobody waits and nobody is served."""
        self._now = 0.0
        self._tags.clear()
        self._joined.clear()

    def _lead(self, other: Party, tag: float) -> float:
        """The tokens of ``other`` between its start tag and this tag."""
        return (tag - self.start(other)) * self._weight(other)


class StartTime(_VirtualTime[Party]):
    """The party with the smallest ``start`` goes first. Any number of parties may come and go.

    While others wait, virtual time passes at least as fast as if all were served side by side
    (generalized processor sharing). By start tags alone, it would stand still as long as every
    party that is served is new, and a party that was served before would never be served again.
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
        """The tokens of others that are served before ``party`` is past ``own`` of its tokens.

        This is exact to within one request of each party, but knows nothing of later arrivals.
        """
        tag = self.finish(party, own)

        def before(other: Party, backlog: Backlog) -> float:
            lead = self._lead(other, tag)
            mean = backlog.tokens / max(1, backlog.requests)  # the one that starts at the tag
            return 0.0 if lead < 0 else min(backlog.tokens, lead + mean)

        return sum(before(each, waiting[each]) for each in waiting if each != party)


class SelfClocked(_VirtualTime[Party]):
    """The party with the smallest ``finish`` goes first, among those that wait."""

    def serve(self, party: Party, tokens: float) -> None:
        self._now = self._tags[party] = self.finish(party, tokens)

    def ahead(self, party: Party, own: float, waiting: Mapping[Party, Backlog]) -> float:
        """The tokens of others that are served before the last of ``own`` tokens of ``party``."""
        tag = self.finish(party, own)
        return sum(
            max(0.0, min(waiting[other].tokens, self._lead(other, tag)))
            for other in waiting
            if other != party
        )
