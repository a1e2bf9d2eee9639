"""Which page of a site comes next: breadth first, each once, to a depth. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator


class Frontier:
    """Iterate over it to get the pages; ``add`` what the last one links to, for later.

    ``most`` bounds the addresses that are remembered: a site may make them up without an end.
    """

    def __init__(self, seeds: Iterable[str], *, depth: int, most: int) -> None:
        self._waiting = deque((url, 0) for url in dict.fromkeys(seeds))
        self._known = {url for url, _ in self._waiting}
        self._depth = depth
        self._most = most
        self._at = 0  # depth of the page that was given last

    def __iter__(self) -> Iterator[str]:
        while self._waiting:
            url, self._at = self._waiting.popleft()
            yield url

    def add(self, urls: Iterable[str]) -> None:
        if self._at >= self._depth:
            return
        for url in urls:
            if url not in self._known and len(self._known) < self._most:
                self._known.add(url)
                self._waiting.append((url, self._at + 1))
