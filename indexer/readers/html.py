"""Reads HTML as Sphinx, MkDocs and others build it: the main content and the API entries in it.

Bytes come in, pages go out. Only this file parses HTML; ``html_text`` renders it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import html
from lxml.etree import LxmlError

from indexer.readers.html_text import Element, classes, first_heading, inline, markdown
from indexer.readers.page import Page, Unreadable
from indexer.types import Kind

_MAIN = (
    "//*[@role='main']",
    "//main",
    "//article",
    "//*[contains(concat(' ', @class, ' '), ' md-content ')]",
    "//div[contains(concat(' ', @class, ' '), ' body ')]",
    "//body",
)
_QUALIFIED = re.compile(r"(?<![\w.])(?:[\w.]++(?<=[\w.]\.)|[\w.]++::)$")
_DOMAINS = {"py", "c", "cpp", "js"}
_CLASSES = {"class", "exception", "struct", "union", "enum", "type", "concept"}
_FUNCTIONS = {"function", "method", "classmethod", "staticmethod", "attribute", "data", "property",
              "macro", "var", "member", "decorator", "decoratormethod", "coroutinefunction",
              "coroutinemethod", "abstractmethod"}  # fmt: skip


def read(data: bytes, symbols: Mapping[str, str] | None = None) -> Iterator[Page]:
    """Yields the page without its API entries, then each entry.

    ``symbols`` maps the page's anchors to symbols when an inventory lists them. Otherwise an
    entry's anchor is its symbol, as for Python. Raises ``Unreadable``.
    """
    root = _parsed(data)
    main = next((found[0] for place in _MAIN if (found := root.xpath(place))), root)
    entries = {
        dl: kind for dl in main.iter("dl") if (kind := _kind(dl)) is not None and _signatures(dl)
    }
    text = markdown(main, entries)
    title = first_heading(text) or inline(root.find(".//title"))
    if text:
        yield Page(text, title)
    for dl, kind in entries.items():
        yield from _entries(dl, kind, entries, symbols or {})


def _entries(
    dl: Element, kind: Kind, entries: Mapping[Element, Kind], symbols: Mapping[str, str]
) -> Iterator[Page]:
    """One page per symbol. Several may share a description, and a symbol may have several
    signatures.
    """
    heads: list[Element] = []
    for child in dl:
        if child.tag == "dt" and child.get("id"):
            heads.append(child)
        elif child.tag == "dd" and heads:
            text = markdown(child, entries)
            named: dict[str, list[Element]] = {}
            for head in heads:
                named.setdefault(_symbol(head, symbols), []).append(head)
            for symbol, its in named.items() if text else ():
                yield Page(
                    text,
                    symbol,
                    kind=kind,
                    anchor=its[0].get("id"),
                    symbol=symbol,
                    signature="\n".join(_signature(head, symbol) for head in its),
                )
            heads = []


def _symbol(head: Element, symbols: Mapping[str, str]) -> str:
    anchor = str(head.get("id"))
    return symbols.get(anchor) or anchor.removeprefix("c.")


def _kind(dl: Element) -> Kind | None:
    """The kind of objects that a list describes; None for any other list.

    Sphinx 4 and later name domain and type (``py function``); older versions name only the type.
    """
    names = set(classes(dl))
    if names & {"field-list", "std"}:
        return None
    if names & _CLASSES:
        return "class"
    return "function" if names & (_FUNCTIONS | _DOMAINS) else None


def _signatures(dl: Element) -> bool:
    return any(child.tag == "dt" and child.get("id") for child in dl)


def _signature(head: Element, symbol: str) -> str:
    """``numpy.sort(a, axis=-1)``: what Sphinx shows, under the whole symbol."""
    shown = inline(head)
    name = next(
        (inline(part) for part in head.iter() if {"sig-name", "descname"} & set(classes(part))), ""
    )
    before, found, after = shown.partition(name) if name else ("", "", "")
    if not found or not symbol.endswith(name):
        return shown
    before = _QUALIFIED.sub("", before)  # the symbol already contains it
    first, _, rest = before.partition(" ")
    return (rest if first in _CLASSES else before) + symbol + after


def _parsed(data: bytes) -> Element:
    """Raises ``Unreadable``, also when the parser would silently leave out a part."""
    # Text of more than 10 MB is allowed, because files are limited already. Elements nest at most
    # 2,048 deep.
    parser = html.HTMLParser(
        encoding=_encoding(data), remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = html.document_fromstring(data, parser=parser)
    except (LxmlError, ValueError, AssertionError) as error:
        raise Unreadable(f"not HTML: {error}") from error
    if any(entry.level_name == "FATAL" for entry in parser.error_log):
        raise Unreadable(f"too much for a parser: {parser.error_log.last_error.message}")
    return root


def _encoding(data: bytes) -> str | None:
    """UTF-8 when the page is valid UTF-8; otherwise lxml finds what the page declares."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a page, and what its own ``robots`` tag asks."""

    targets: tuple[str, ...]
    index: bool = True
    follow: bool = True


def links(data: bytes) -> Links:
    """Raises ``Unreadable``."""
    root = _parsed(data)
    asked = " ".join(
        str(tag.get("content") or "").lower()
        for tag in root.iter("meta")
        if str(tag.get("name") or "").lower() in {"robots", "glossator"}
    )
    none = "none" in asked
    targets = (link.get("href") for link in root.iter("a") if link.get("rel") != "nofollow")
    return Links(
        tuple(target for target in targets if target),
        index=not (none or "noindex" in asked),
        follow=not (none or "nofollow" in asked),
    )
