"""Fetches the pages of one site: with its permission, at its pace, and through its redirects."""

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from indexer.readers.page import Unreadable
from indexer.sources.limits import Limits
from indexer.sources.web import site
from indexer.sources.web.fetcher import Fetcher, Response, Unreachable
from indexer.sources.web.robots import MAX_BYTES, Robots
from indexer.sources.web.site import Scope
from indexer.sources.web.store import Kept, Pages
from indexer.types import Skipped, SourceError

_REDIRECTS = 5
_SITEMAPS = 50
_WAIT_S = 30.0  # the longest wait for a busy site, once per page


@dataclass(slots=True)
class Pace:
    """Keeps a minimum time between two requests."""

    delay_s: float
    _last: float = field(default=float("-inf"))

    def wait(self) -> None:
        time.sleep(max(0.0, self._last + self.delay_s - time.monotonic()))
        self._last = time.monotonic()


class Crawl:
    """One run over a site. It adds the pages it left out to ``skipped``, with the reason."""

    def __init__(
        self,
        fetcher: Fetcher,
        scope: Scope,
        pages: Pages,
        pace: Pace,
        limits: Limits,
        skipped: list[Skipped],
    ) -> None:
        self._fetcher = fetcher
        self._scope = scope
        self._pages = pages
        self._pace = pace
        self._limits = limits
        self._skipped = skipped
        self._robots = Robots()
        # addresses that are kept but are no pages: sitemaps, inventories
        self.other: set[str] = set()

    def ask_permission(self, start: str) -> None:
        """Reads ``robots.txt``. Raises ``SourceError`` when the site does not want to be read.

        Without that file everything is allowed; when the site fails to answer, nothing is (RFC
        9309).
        """
        url = self._scope.at_root("robots.txt")
        try:
            response = self._through(url, MAX_BYTES)
        except Unreadable as error:
            raise SourceError(f"{start} is not read: {error}.") from error
        except Unreachable as error:
            raise SourceError(f"{start} cannot be reached: {error}.") from error
        if response.status >= 500:
            raise SourceError(f"{url} answers with status {response.status}: try again later.")
        if response.status == 200:
            self._robots = Robots(response.body.decode("utf-8", "replace"))
        self._pace.delay_s = max(self._pace.delay_s, self._robots.delay_s)
        if not self.allowed(start):
            raise SourceError(f"{url} asks not to read {start}. Ask the site's owners.")

    def allowed(self, url: str) -> bool:
        parts = urlsplit(url)
        return self._robots.allows(parts.path + (f"?{parts.query}" if parts.query else ""))

    def discover(self, start: str) -> tuple[list[str], bool]:
        """The first pages, and whether to follow their links."""
        last = urlsplit(start).path.rpartition("/")[2]
        if last == "llms-full.txt":
            return [start], False
        if last == "llms.txt":
            return self._listed(start), False
        if last.endswith((".xml", ".xml.gz")):
            return self._mapped([start]), False
        maps = [*self._robots.sitemaps, *dict.fromkeys((
            self._scope.below("sitemap.xml"), self._scope.at_root("sitemap.xml")))]  # fmt: skip
        for pages in (self._mapped(maps), self._listed(self._scope.below("llms.txt"))):
            if pages:
                return list(dict.fromkeys([start, *pages])), False
        whole = self._scope.below("llms-full.txt")
        if self.fetch(whole, quietly=True) is not None:
            return [whole], False
        return [start], True

    def fetch(self, url: str, *, quietly: bool = False) -> Kept | None:
        """The current page, downloaded only if it changed. If it cannot be had, the kept version.

        ``quietly`` is for files that are no pages and need not exist.
        """
        kept = self._pages.get(url)
        why = ""
        try:
            response = self._through(url, self._limits.file_bytes, kept)
            if response.status == 304 and kept is not None:
                return self._noted(url, kept, quietly)
            if response.status == 200:
                page = Kept(response.body, response.type, response.etag, response.modified)
                self._pages.put(url, page)
                return self._noted(url, page, quietly)
            if response.status < 500 and response.status != 429:
                kept = None  # gone
            why = f"status {response.status}"
        except Unreadable as error:
            kept, why = None, str(error)
        except Unreachable as error:
            why = str(error)
        if not quietly:
            self._skipped.append((url, f"{why}; kept as it was" if kept else why))
        return kept and self._noted(url, kept, quietly)

    def _noted(self, url: str, page: Kept, quietly: bool) -> Kept:
        if quietly:
            self.other.add(url)
        return page

    def _through(self, url: str, limit: int, kept: Kept | None = None) -> Response:
        """Fetches through redirects that stay in the source. Raises ``Unreadable``,
        ``Unreachable``.
        """
        at = url
        for _ in range(_REDIRECTS + 1):
            response = self._patiently(at, limit, kept)
            if response.status not in {301, 302, 303, 307, 308}:
                return response
            target = site.address(response.location, at)
            if target is None or not self._scope.same_host(target):
                raise Unreadable(f"leads to another host: {response.location[:200]}")
            if not self.allowed(target):
                raise Unreadable(f"leads to {target}, which robots.txt asks not to read")
            at = target
        raise Unreadable(f"leads through more than {_REDIRECTS} redirects")

    def _patiently(self, url: str, limit: int, kept: Kept | None) -> Response:
        """Waits once, if the site says for how long."""
        etag, modified = (kept.etag, kept.modified) if kept else ("", "")
        self._pace.wait()
        response = self._fetcher.get(url, limit, etag=etag, modified=modified)
        if response.status in {429, 503} and 0 < response.retry_after_s <= _WAIT_S:
            time.sleep(response.retry_after_s)
            response = self._fetcher.get(url, limit, etag=etag, modified=modified)
        return response

    def _mapped(self, maps: list[str]) -> list[str]:
        """The source's pages in these sitemaps, and in those that they list."""
        waiting = list(dict.fromkeys(maps))
        found: list[str] = []
        read = 0
        while waiting and read < _SITEMAPS and len(found) <= self._limits.documents:
            url = waiting.pop(0)
            if not self._scope.same_host(url) or not self.allowed(url):
                continue
            read += 1
            page = self.fetch(url, quietly=True)
            if page is None:
                continue
            try:
                pages, further = site.sitemap(page.body)
            except Unreadable as error:
                self._skipped.append((url, str(error)))
                continue
            found += (each for link in pages if (each := site.address(link, url)))
            waiting += (each for link in further if (each := site.address(link, url)))
        return [url for url in dict.fromkeys(found) if self._scope.has(url)]

    def _listed(self, url: str) -> list[str]:
        page = self.fetch(url, quietly=True)
        # some sites answer this instead of "not found"
        if page is None or page.type == "text/html":
            return []
        pages = site.listed(page.body.decode("utf-8", "replace"), url)
        return [each for each in dict.fromkeys(pages) if self._scope.has(each)]
