"""Reads HTML as Sphinx, MkDocs and others build it: the main content and the API entries in it.

Bytes come in, pages go out. Only this file parses HTML; ``html_text`` renders it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import html
from lxml.etree import LxmlError

from indexer.readers import terms
from indexer.readers.html_text import (
    HEADINGS,
    Element,
    classes,
    first_heading,
    inline,
    markdown,
)
from indexer.readers.page import Page, Unreadable
from indexer.readers.written.encoding import decoded
from indexer.types import Kind

_MAIN = (
    "//*[@role='main']",
    "//main",
    "//article",
    "//*[contains(concat(' ', @class, ' '), ' md-content ')]",
    "//div[contains(concat(' ', @class, ' '), ' body ')]",
    "//body",
)
_DOXYGEN = "//div[@class='headertitle']//div[@class='title']"  # a heading that is none
_JAVADOC = re.compile(r" \([^()]{1,100} API\)$")  # of which library the page is
_QUALIFIED = re.compile(r"(?<![\w.])(?:[\w.]++(?<=[\w.]\.)|[\w.]++::)$")
_REDIRECT_WORDS = 30
_FRAME_WORDS = 8  # "Loading …", or the name of the site
_FRAMES = {"root", "app", "__next", "__nuxt", "___gatsby", "svelte", "q-app", "main-app", "redoc",
           "swagger-ui", "react-root", "mount"}  # fmt: skip
_LONGEST_TERM = 80  # characters of a term that is no name
_INVISIBLE = dict.fromkeys((0x200B, 0xAD))  # where a browser may break a name
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
    root, notes = _parsed(data)
    main = next((found[0] for place in _MAIN if (found := root.xpath(place))), root)
    entries = {
        dl: kind for dl in main.iter("dl") if (kind := _kind(dl)) is not None and _signatures(dl)
    }
    definitions = list(_definitions(main, entries))
    taken = {each for one in definitions for each in (*one.heads, *one.bodies)}
    text = markdown(main, entries.keys() | taken)
    title, named = _title(root, main, text)
    if named and title != named and text.startswith((f"# {named}\n", f"# {named} {{#")):
        text = text.replace(named, title, 1)  # so that sections do not name the page twice
    redirects = len(text.split()) < _REDIRECT_WORDS and _redirects(root)
    if redirects and not entries and not taken:
        raise Unreadable("only leads to another page")
    if not entries and not taken and _needs_scripts(root, text):
        raise Unreadable(
            "shows no text without JavaScript: index the files that it is built from, or the "
            "site's llms-full.txt"
        )
    if text or taken:
        yield Page(text or title, title, notes=notes)
    for one in definitions:
        yield from one.page(entries)
    for dl, kind in entries.items():
        yield from _entries(dl, kind, entries, symbols or {})


def _redirects(root: Element) -> bool:
    """Whether ``<meta http-equiv="refresh">`` sends a reader to another page."""
    return any(
        str(tag.get("http-equiv") or "").lower() == "refresh"
        and "url" in str(tag.get("content") or "").lower()
        for tag in root.iter("meta")
    )


def _needs_scripts(root: Element, text: str) -> bool:
    """Whether a page is an empty frame that scripts fill."""
    if len(text.split()) > _FRAME_WORDS or next(root.iter("script"), None) is None:
        return False
    return not text or any(each.get("id") in _FRAMES for each in root.iter("div", "main"))


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


@dataclass(frozen=True, slots=True)
class _Definition:
    """A term with its description, such as an option or an error code."""

    heads: Sequence[Element]
    bodies: Sequence[Element]
    names: Sequence[str]
    anchor: str
    section: str  # the heading above it

    def page(self, entries: Mapping[Element, Kind]) -> Iterator[Page]:
        text = "\n\n".join(filter(None, (markdown(body, entries) for body in self.bodies)))
        if text:
            heads = "\n".join(inline(head) for head in self.heads)
            yield Page(
                text,
                " ".join(heads.split()),
                kind="option",
                anchor=self.anchor,
                symbol=terms.main(self.names),
                signature=heads,
                section=self.section,
            )


def _definitions(main: Element, entries: Mapping[Element, Kind]) -> Iterator[_Definition]:
    """The definitions that are found by their name. Others stay in the text of the page.

    A term with an anchor always is one, for somebody wanted to link to it. Without an anchor it has
    to look like a name, and is cited by the section that it is in.
    """
    anchor = section = ""
    inside: set[Element] = set()
    for at in main.iter("dl", "section", "div", *HEADINGS):
        if at.tag in HEADINGS:
            anchor, section = at.get("id") or anchor, inline(at)
        elif at.tag != "dl":
            anchor = at.get("id") or anchor
        elif (
            at in entries
            or "field-list" in classes(at)
            or not inside.isdisjoint(at.iterancestors())
        ):
            inside.add(at)
        else:
            found = list(_of_list(at, anchor, section))
            if found:
                inside.add(at)
            yield from found


def _of_list(dl: Element, anchor: str, section: str) -> Iterator[_Definition]:
    groups: list[tuple[list[Element], list[Element]]] = []
    for child in dl:
        if child.tag == "dt":
            if not groups or groups[-1][1]:
                groups.append(([], []))
            groups[-1][0].append(child)
        elif child.tag == "dd" and groups:
            groups[-1][1].append(child)
    for heads, bodies in groups:
        own = next((place for head in heads if (place := _place(head))), "")
        texts = [inline(head) for head in heads]
        named = terms.names(texts)
        if not named and own and texts[0]:
            named = [texts[0][:_LONGEST_TERM]]
        if named and bodies:
            yield _Definition(heads, bodies, named, own or anchor, section)


def _place(head: Element) -> str:
    """The anchor of a term: its own, or that of a link or span in it."""
    return next(
        (str(place) for part in head.iter() if (place := part.get("id") or part.get("name"))), ""
    )


def _title(root: Element, main: Element, text: str) -> tuple[str, str]:
    """What a page is called, and the heading in its text that says so.

    ``<title>`` names it, without what the site adds when a heading of the page is a part of it.
    Otherwise a first-level heading does, or the name of a manual page. A section never does.
    """
    whole = _JAVADOC.sub("", inline(root.find(".//title")))
    first = [inline(each) for place in (main, root) for each in place.iter("h1")]
    first += [inline(each) for each in root.xpath(_DOXYGEN)]
    headings = [each for each in (*first, first_heading(text)) if each]
    for heading in headings if whole else ():
        if re.search(rf"(?<!\w){re.escape(heading)}(?!\w)", whole):
            return heading, heading
    if whole:
        return whole, next((each for each in headings if whole in each), "")
    if first and first[0]:
        return first[0], first[0]
    return _name(root), ""


def _name(root: Element) -> str:
    """``git-rebase`` from the section NAME of a manual page: "git-rebase - Reapply commits"."""
    for heading in root.iter("h2"):
        if inline(heading).upper() == "NAME":
            for paragraph in heading.itersiblings():
                return re.split(r"\s[-–—]+\s", inline(paragraph))[0]
    return ""


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


def _parsed(data: bytes) -> tuple[Element, tuple[str, ...]]:
    """The tree, and what had to be guessed. Raises ``Unreadable``, also when the parser would
    silently leave out a part.
    """
    text, notes = decoded(data, html=True)
    text = text.translate(_INVISIBLE)
    # Text of more than 10 MB is allowed, because files are limited already. Elements nest at most
    # 2,048 deep.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (LxmlError, ValueError, AssertionError) as error:
        raise Unreadable(f"not HTML: {error}") from error
    if any(entry.level_name == "FATAL" for entry in parser.error_log):
        raise Unreadable(f"too much for a parser: {parser.error_log.last_error.message}")
    return root, notes


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a page, and what its own ``robots`` tag asks."""

    targets: tuple[str, ...]
    index: bool = True
    follow: bool = True


def links(data: bytes) -> Links:
    """Raises ``Unreadable``."""
    root, _ = _parsed(data)
    asked = " ".join(
        str(tag.get("content") or "").lower()
        for tag in root.iter("meta")
        if str(tag.get("name") or "").lower() in {"robots", "glossator"}
    )
    none = "none" in asked
    base = next((str(each.get("href") or "") for each in root.iter("base")), "")
    targets = (link.get("href") for link in root.iter("a") if link.get("rel") != "nofollow")
    return Links(
        tuple(_joined(base, target) for target in targets if target),
        index=not (none or "noindex" in asked),
        follow=not (none or "nofollow" in asked),
    )


def _joined(base: str, target: str) -> str:
    """Where a link leads that counts from the page's ``<base>``."""
    try:
        return urljoin(base, target) if base else target
    except ValueError:
        return target
