"""Reads books (EPUB): the chapters in the order of their spine, by the reader for HTML."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from lxml import etree

from indexer.readers import html
from indexer.readers.packed.archive import member, opened
from indexer.readers.page import Page, Unreadable

_CONTAINER = "META-INF/container.xml"
_CHAPTERS = 2_000


def read(data: bytes) -> Iterator[Page]:
    """One page for each chapter. Raises ``Unreadable``."""
    with opened(data) as packed:
        place, package = _package(packed)
        title = " ".join((package.findtext(".//{*}metadata/{*}title") or "").split())
        items = {
            item.get("id"): item.get("href")
            for item in package.iter("{*}item")
            if "html" in (item.get("media-type") or "")
        }
        spine = [ref.get("idref") for ref in package.iter("{*}itemref")]
        found = False
        for name in spine[:_CHAPTERS]:
            href = items.get(name)
            if not href:
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(href)))
            try:
                chapter = list(html.read(member(packed, path)))
            except Unreadable:
                continue  # a chapter that is damaged; the others are read
            for page in chapter:
                found = True
                yield page if page.title else replace(page, title=title)
    if not found:
        raise Unreadable("holds no chapter that can be read")


def _package(packed: zipfile.ZipFile) -> tuple[str, etree._Element]:
    """Where the list of contents is, and its root."""
    container = _parsed(member(packed, _CONTAINER))
    rootfile = next(container.iter("{*}rootfile"), None)
    place = rootfile.get("full-path") if rootfile is not None else None
    if not place:
        raise Unreadable("not a book: its container names no contents")
    return place, _parsed(member(packed, place))


def _parsed(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.LxmlError as error:
        raise Unreadable(f"damaged: {error}") from error
    if root is None:
        raise Unreadable("damaged: a list of its contents is no XML")
    return root
