"""The addresses of a site: which ones belong to a source, and where they are listed. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from lxml import etree

from indexer.readers.page import Unreadable, inflated
from indexer.types import SourceError

_PORTS = {"http": 80, "https": 443}
_LINK = re.compile(r"\[[^\[\]\n]{0,500}+\]\(<?([^()\s<>]{1,2000}+)>?[^()\n]{0,500}+\)")
_MAX_URL = 2000
SITEMAP_BYTES = 50_000_000  # the most that the sitemap protocol allows


@dataclass(frozen=True, slots=True)
class Scope:
    """One host, at and below one path."""

    scheme: str
    host: str
    port: int
    path: str  # ends with a slash

    def has(self, url: str) -> bool:
        parts = urlsplit(url)
        return self.same_host(url) and (
            (parts.path or "/").startswith(self.path) or f"{parts.path}/" == self.path
        )

    def same_host(self, url: str) -> bool:
        """True also for https when the source is declared with http."""
        try:
            parts = urlsplit(url)
            here = (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))
        except ValueError:
            return False
        secured = ("https", self.host, 443) if self.scheme == "http" and self.port == 80 else None
        return here == (self.scheme, self.host, self.port) or here == secured

    def at_root(self, name: str) -> str:
        return f"{self._origin}/{name}"

    def below(self, name: str) -> str:
        return f"{self._origin}{self.path}{name}"

    @property
    def _origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def scope_of(url: str) -> Scope:
    """Raises ``SourceError`` when it is no address of the web."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SourceError(f"{url} is not an address: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise SourceError(f"{url!r} is not an address: write web:https://docs.example.com/guide/")
    if parts.username or parts.password:
        raise SourceError("An address with a password in it is not read: passwords end in logs.")
    folder, _, last = parts.path.rpartition("/")
    path = f"{folder}/" if "." in last else f"{parts.path.rstrip('/')}/"
    return Scope(parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], path)


def address(link: str, base: str) -> str | None:
    """The page that a link leads to, spelled in one way, without fragment; None when it is not on
    the web.
    """
    try:
        parts = urlsplit(urljoin(base, link.strip()))
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username:
        return None
    host = parts.hostname.lower()
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in {None, _PORTS[parts.scheme]} else f"{host}:{port}"
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~") or "/"
    url = urlunsplit(SplitResult(parts.scheme, netloc, path, parts.query, ""))
    return url if len(url) <= _MAX_URL else None


def sitemap(data: bytes) -> tuple[list[str], list[str]]:
    """The pages and further sitemaps in a sitemap, gzipped or not. Raises ``Unreadable``."""
    if data[:2] == b"\x1f\x8b":
        data = inflated(data, SITEMAP_BYTES)
    # A sitemap is a list of addresses and needs neither entities nor a network.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"not a sitemap: {error}") from error
    pages: list[str] = []
    further: list[str] = []
    for loc in root.iter("{*}loc") if root is not None else ():
        parent = loc.getparent()
        kind = etree.QName(parent).localname if parent is not None else ""
        if loc.text and kind in {"url", "sitemap"}:
            (pages if kind == "url" else further).append(loc.text.strip())
    return pages, further


def listed(text: str, base: str) -> Iterator[str]:
    """The pages that an ``llms.txt`` links to."""
    for link in _LINK.findall(text):
        url = address(link, base)
        if url is not None:
            yield url
