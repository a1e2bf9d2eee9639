"""A website's documentation, fetched politely, within limits, and only where it changed.

Pages come from the sitemap, else from ``llms.txt``, else from ``llms-full.txt``, else from
following links. ``entries`` downloads, and ``read`` reads what was downloaded.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from pathspec import PathSpec

from indexer.chunkers.headings import title
from indexer.readers import apart, inventory
from indexer.readers.formats import read
from indexer.readers.inventory import Inventory
from indexer.readers.page import Page, Unreadable
from indexer.sources.limits import Limits
from indexer.sources.places import telling
from indexer.sources.web import site
from indexer.sources.web.crawl import Crawl, Pace
from indexer.sources.web.fetcher import Fetcher
from indexer.sources.web.frontier import Frontier
from indexer.sources.web.store import Kept, Pages
from indexer.sources.whole import every_document
from indexer.types import Document, Entry, Skipped

DEPTH = 5
DELAY_S = 0.2
_REMEMBERED = 10  # remembered addresses for each page that may be read
_SUFFIXES = {"text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md",
             "text/x-markdown": ".md", "text/plain": ".txt", "application/pdf": ".pdf",
             "text/x-rst": ".rst"}  # fmt: skip


class WebSource:
    """The pages of one host, at and below one address: a ``StampedSource``.

    ``cache`` is a folder for this source, kept between runs. ``include`` and ``exclude`` are
    patterns as in ``.gitignore``, for the path of an address. ``private_addresses`` allows hosts
    inside the company's network. ``skipped`` fills while entries are listed and read.
    """

    def __init__(
        self,
        url: str,
        *,
        cache: Path,
        name: str = "",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        limits: Limits = Limits(),  # noqa: B008  # frozen
        depth: int = DEPTH,
        delay_s: float = DELAY_S,
        private_addresses: bool = False,
    ) -> None:
        self.name = name or f"web:{url}"
        self.skipped: list[Skipped] = []
        self.noted: list[Skipped] = []
        self._start = site.address(url, url) or url
        self._scope = site.scope_of(self._start)
        self._include = PathSpec.from_lines("gitignore", include) if include else None
        self._exclude = PathSpec.from_lines("gitignore", exclude)
        self._limits = limits
        self._depth = depth
        self._delay_s = delay_s
        self._private = private_addresses
        self._pages = Pages(cache / "pages.sqlite")
        self._inventory = Inventory()

    def documents(self) -> Iterator[Document]:
        """One document per page and API entry. Raises ``SourceError`` when there is none at all."""
        return every_document(self)

    def entries(self) -> Iterator[Entry]:
        """Addresses with a hash of their content, while they are downloaded.

        Raises ``SourceError`` when the site cannot be reached, or asks not to be read.
        """
        self.skipped, self.noted = [], []
        visited: set[str] = set()
        bodies: set[str] = set()
        ends = time.monotonic() + self._limits.seconds
        with Fetcher(private=self._private) as fetcher:
            crawl = Crawl(fetcher, self._scope, self._pages, Pace(self._delay_s), self._limits,
                          self.skipped)  # fmt: skip
            crawl.ask_permission(self._start)
            self._inventory = self._known(crawl)
            seeds, follow = crawl.discover(self._start)
            frontier = Frontier(seeds, depth=self._depth if follow else 0,
                                most=_REMEMBERED * self._limits.documents)  # fmt: skip
            size = count = 0
            late = False  # when late, known pages are listed without asking the site
            for url in frontier:
                if not self._permitted(url, crawl):
                    continue
                if self._over(count, size, url):
                    return
                count += 1
                late = late or self._late(ends, url)
                page = self._pages.get(url) if late else crawl.fetch(url)
                if page is None:
                    continue
                visited.add(url)
                size += len(page.body)
                targets, index = self._leads(page, url)
                frontier.add(targets)
                stamp = hashlib.blake2b(page.body, digest_size=16).hexdigest()
                if index and stamp not in bodies:
                    bodies.add(stamp)
                    yield Entry(url, stamp)
            self._pages.keep_only(visited | crawl.other)

    def read(self, entry: Entry) -> Iterator[Document]:
        """Reads a downloaded page. Yields nothing, and adds to ``skipped``,
        when it cannot be read.
        """
        kept = self._pages.get(entry.key)
        if kept is None:
            self.skipped.append((entry.key, "not fetched yet"))
            return
        path = urlsplit(entry.key).path
        try:
            symbols = self._inventory.of(path.removeprefix(self._scope.path))
            pages = read(f"page{_suffix(kept, path)}", kept.body, symbols)
        except Unreadable as error:
            self.skipped.append((entry.key, str(error)))
            return
        self.noted += [(entry.key, note) for note in pages[0].notes]
        for page in pages:
            yield self._document(page, entry.key, pages[0])

    def _document(self, page: Page, url: str, first: Page) -> Document:
        parts = PurePosixPath(unquote(urlsplit(url).path.removeprefix(self._scope.path))).parts
        name = (
            page.title
            or title(page.text, page.language)
            or (PurePosixPath(parts[-1]).stem if parts else self._scope.host)
        )
        within = () if page is first or not first.title else (first.title,)
        return Document(
            source=self.name,
            uri=f"{url}#{page.anchor}" if page.anchor else url,
            title=name,
            text=page.text,
            kind=page.kind,
            breadcrumb=(self._scope.host, *telling(parts[:-1]), *within, name),
            version=self._inventory.version,
            symbol=page.symbol,
            signature=page.signature,
            language=page.language,
        )

    def _permitted(self, url: str, crawl: Crawl) -> bool:
        """Whether the source's patterns and the site allow a page."""
        path = unquote(urlsplit(url).path).lstrip("/")
        if self._exclude.match_file(path):
            return False
        if self._include is not None and url != self._start and not self._include.match_file(path):
            return False
        if not crawl.allowed(url):
            self.skipped.append((url, "robots.txt asks not to read it"))
            return False
        return True

    def _leads(self, page: Kept, url: str) -> tuple[list[str], bool]:
        """The pages of the site that a page links to, and whether the page may be indexed."""
        if _suffix(page, urlsplit(url).path) != ".html":
            return [], True
        try:
            found = apart.links(page.body)
        except Unreadable:
            return [], True  # ``read`` reports it
        targets = (site.address(link, url) for link in found.targets if found.follow)
        # A query gives a view of a page, and there is no end of views.
        own = [each for each in targets if each and "?" not in each and self._scope.has(each)]
        return own, found.index

    def _over(self, count: int, size: int, url: str) -> bool:
        limits = self._limits
        what = ""
        if count >= limits.documents:
            what = f"{limits.documents:,} pages"
        elif size >= limits.total_bytes:
            what = f"{limits.total_bytes:,} bytes"
        if what:
            self.skipped.append((url, f"this and all after it: more than {what}"))
        return bool(what)

    def _late(self, ends: float, url: str) -> bool:
        late = time.monotonic() > ends
        if late:
            why = f"this and all after it: more than {self._limits.seconds:.0f} s"
            self.skipped.append((url, f"{why}; kept as they were, where they are known"))
        return late

    def _known(self, crawl: Crawl) -> Inventory:
        page = crawl.fetch(self._scope.below("objects.inv"), quietly=True)
        try:
            return inventory.read(page.body) if page else Inventory()
        except Unreadable:
            return Inventory()  # probably a page that says "not found"


def _suffix(page: Kept, path: str) -> str:
    """The suffix for a media type. Plain text gets the suffix of its name, if that says more."""
    named = PurePosixPath(path).suffix.lower()
    if page.type in {"text/plain", "", "application/octet-stream"} and named in {".md", ".rst"}:
        return named
    if PurePosixPath(path).name in {"llms.txt", "llms-full.txt"}:
        return ".md"
    return _SUFFIXES.get(page.type, named if not page.type else "")
