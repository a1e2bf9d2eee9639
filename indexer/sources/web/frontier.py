"""Chooses the next page of a site: breadth first, each page once, to a given depth. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator


class Frontier:
    """Iterate over it to get pages, and ``add`` the links of the last one.

    ``most`` limits the remembered addresses, because a site may make up any number of them.
    """

    def __init__(self, seeds: Iterable[str], *, depth: int, most: int) -> None:
        self._waiting = deque((url, 0) for url in dict.fromkeys(seeds))
        self._known = {url for url, _ in self._waiting}
        self._depth = depth
        self._most = most
        self._at = 0  # depth of the page that came last

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
