"""Renders an element as Markdown: headings with anchors, code kept whole, no navigation. Pure.

It walks with lxml's own iterator, so deep nesting uses no stack.
"""

import re
from collections.abc import Container
from itertools import islice
from typing import Any

from lxml import etree

Element = Any  # lxml has no types

HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SECTIONS = {"section", "div", "article"}
_BLOCKS = {"p", "dt", "dd", "li", "tr", "blockquote", "figcaption", "caption", "div", "section",
           "article", "main", "table", "ul", "ol", "dl", "body", "details", "summary", "figure",
           "header", "aside", "hr", "tbody", "thead"}  # fmt: skip
_LEFT_OUT_TAGS = {"script", "style", "nav", "form", "button", "svg", "img", "noscript", "template",
                  "iframe", "footer", "input", "select", "textarea", "object", "canvas", "video",
                  "audio", "head"}  # fmt: skip
_LEFT_OUT = {"headerlink", "viewcode-link", "sphinxsidebar", "sphinxsidebarwrapper", "related",
             "toctree-wrapper", "contents", "md-nav", "md-sidebar", "prev-next-area",
             "copybtn", "md-source-file", "rst-footer-buttons", "breadcrumb", "toc",
             "navheader", "navfooter", "wy-breadcrumbs", "bottom-of-page",
             "md-content__button", "permalink", "memtitle-permalink", "anchorjs-link",
             "hash-link", "pagination-nav", "theme-doc-toc-mobile", "navpath", "subNav", "topNav",
             "skipNav", "skip-nav"}  # fmt: skip
# Numbers of lines beside code. Some generators give the same class to the code itself.
_NUMBERS = {"linenos", "linenodiv", "lineno", "lineno-container", "gutter", "gl", "lnt", "ln",
            "line-numbers", "hljs-ln-numbers", "rouge-gutter", "line-number", "linenumber",
            "LineNr", "src-line-numbers", "normal"}  # fmt: skip
_LINES = {"fragment"}  # code in which each line is a block: Doxygen
_SIGNATURES = {"memproto", "memberSignature", "member-signature", "tsd-signature"}
_LOOKED_AT = 2_000  # elements that decide whether something is navigation
_NAVIGATION = 200  # characters; navigation in plain words is shorter
_ADMONITIONS = {"note", "tip", "important", "caution", "warning"}  # DocBook uses headings in them
_LEFT_OUT_IDS = {"hd", "ft", "header", "footer", "sidebar", "navigation", "nav", "toc", "nav-path",
                 "titlearea", "main-nav", "side-nav"}  # fmt: skip
_LANGUAGE = re.compile(r"(?:highlight|language|lang)-([\w+#-]+)")
_PLAIN = {"default", "none", "text", "notranslate"}
_LOOKS_LIKE_HEADING = re.compile(r"#{1,6}\s")
_MARKS = {"code": "`", "tt": "`", "kbd": "`", "samp": "`"}


def classes(element: Element) -> list[str]:
    return (element.get("class") or "").split()


def inline(element: Element | None) -> str:
    """The words of an element on one line."""
    words: list[str] = []
    if element is not None:
        walker = etree.iterwalk(element, events=("start", "end"))
        for event, at in walker:
            if event == "end":
                if at is not element:
                    words.append(at.tail or "")
            elif _left_out(at):
                walker.skip_subtree()
            else:
                words.append(at.text or "")
    return " ".join("".join(words).split())


def first_heading(text: str) -> str:
    """The first heading in the output of ``markdown``; "" when there is none."""
    fence = ""
    for line in text.split("\n"):
        if fence or line.startswith("```"):
            fence = "" if line == fence else fence or line[: len(line) - len(line.lstrip("`"))]
        elif line.startswith("#"):
            return line.lstrip("#").partition(" {#")[0].strip()
    return ""


def markdown(root: Element, without: Container[Element] = ()) -> str:
    """The element as blocks separated by blank lines, with list items on lines of their own."""
    writer = _Writer()
    anchors: list[str] = []  # for each enclosing section, its nearest anchor
    skipped: Element | None = None
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, at in walker:
        tag = at.tag
        if event == "end":
            if at is not skipped:
                if tag in _SECTIONS:
                    anchors.pop()
                if at is not root:
                    writer.leave(tag)
            if at is not root:
                writer.write(at.tail)
            continue
        if at is not root and (at in without or _left_out(at)):
            writer.apart(tag)
        elif tag == "pre" or not _LINES.isdisjoint(classes(at)):
            writer.code(_code(at), _language(at))
        elif not _SIGNATURES.isdisjoint(classes(at)):
            writer.code(inline(at), _language(at))
        elif tag in HEADINGS:
            around = anchors[-1] if anchors else ""
            if at is root or _ADMONITIONS.isdisjoint(classes(at.getparent())):
                anchor = at.get("id") or _target(at) or around
                writer.heading(HEADINGS[tag], inline(at), anchor)
            else:
                writer.paragraph(inline(at))
        else:
            if tag in _SECTIONS:
                anchors.append(at.get("id") or (anchors[-1] if anchors else ""))
            if at is not root:  # indentation does not matter in the description of an entry
                writer.enter(tag)
            writer.write(at.text)
            continue
        skipped = at
        walker.skip_subtree()
    return writer.text()


def _left_out(element: Element) -> bool:
    if element.tag in _LEFT_OUT_TAGS:
        return True
    named = classes(element)
    if not _NUMBERS.isdisjoint(named) and _holds_numbers(element):
        return True
    if not _LEFT_OUT.isdisjoint(named):
        return not _is_content(element)
    return (
        element.tag == "div"
        and element.get("id") in _LEFT_OUT_IDS
        and not _names_a_manual(element)
        and not _is_content(element)
    )


def _holds_numbers(element: Element) -> bool:
    return not any(any(map(str.isalpha, text)) for text in islice(element.itertext(), _LOOKED_AT))


def _is_content(element: Element) -> bool:
    """Whether what is named like navigation is content, because most of its words are no links.

    ``contents`` is a list of links to Sphinx, and the whole page to Doxygen.
    """
    if element.tag in {"a", "button", "ul", "nav"}:
        return False
    words = links = within = 0
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, at in islice(walker, 2 * _LOOKED_AT):
        if event == "end":
            within -= at.tag == "a"
            text = at.tail if at is not element else ""
        elif at.tag in {"h1", "h2", "h3", "pre", "table"} and at is not element:
            return True
        else:
            within += at.tag == "a"
            text = at.text
        size = len((text or "").strip())
        words += size
        links += size if within else 0
    if not links and "contents" in classes(element):
        return words > 0
    return words > _NAVIGATION and links * 2 < words


def _code(element: Element) -> str:
    """The text of code, in which ``<br>`` and blocks of lines end a line, without line numbers."""
    parts: list[str] = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, at in walker:
        if event == "end":
            if at is not element:
                tail = at.tail or ""
                if at.tag == "div":  # a block of one line, with nothing but layout after it
                    parts.append("\n")
                    tail = "" if tail.isspace() else tail
                parts.append(tail)
        elif at is not element and _is_number(at):
            walker.skip_subtree()
        else:
            if at.tag == "br":
                parts.append("\n")
            parts.append(at.text or "")
    return "".join(parts)


def _is_number(element: Element) -> bool:
    return not _NUMBERS.isdisjoint(classes(element)) and _holds_numbers(element)


def _names_a_manual(element: Element) -> bool:
    """Whether it is the header of a manual page, which AsciiDoc makes: it says what that is for."""
    return element.get("id") == "header" and any(
        inline(heading).upper() == "NAME" for heading in element.iter("h2")
    )


def _target(heading: Element) -> str:
    """Where the heading's own link leads."""
    for link in heading.iter("a"):
        if {"headerlink", "header-anchor", "anchor"}.intersection(classes(link)):
            return str(link.get("href") or "").partition("#")[2]
    return ""


def _language(pre: Element) -> str:
    """The language, from ``highlight-python3`` on a block around the code or ``language-python`` on
    it.
    """
    near = [*pre.iter("code"), pre]
    for _ in range(6):  # a table with line numbers may be in between
        parent = near[-1].getparent()
        if parent is None:
            break
        near.append(parent)
    for element in near:
        found = _LANGUAGE.search(element.get("class") or "")
        if found and found[1] not in _PLAIN:
            return found[1]
    return ""


class _Writer:
    """Collects blocks. ``enter`` and ``leave`` follow the elements."""

    def __init__(self) -> None:
        # A text, whether it joins the previous one, and whether the next one may join it.
        self._blocks: list[tuple[str, bool, bool]] = []
        self._words: list[str] = []
        self._lists: list[str] = []  # the marks of the enclosing lists: "-", "1."
        self._mark = ""  # the mark of an item that has not been written yet
        self._depth = 0  # the enclosing definitions
        self._term = False  # whether the current text belongs to a definition
        self._row: list[str] | None = None
        self._heads = 0  # header cells of the row
        # How many rows of the table, and of them header rows, have been written.
        self._rows = self._header_rows = 0

    def write(self, text: str | None) -> None:
        if text:
            self._words.append(text)

    def apart(self, tag: str) -> None:
        """Keeps the texts before and after an element that is left out from touching."""
        if tag in _BLOCKS and self._row is None:
            self._flush()

    def enter(self, tag: str) -> None:
        if tag in _BLOCKS and self._row is None:
            self._flush()
        if tag in {"ul", "ol"}:
            self._lists.append("-" if tag == "ul" else "1.")
        elif tag == "li":
            self._mark = self._lists[-1] if self._lists else "-"
        elif tag == "dt":
            self._term = True
        elif tag == "dd":
            self._depth += 1
        elif tag == "table":
            self._rows = self._header_rows = 0
        elif tag == "tr":
            self._flush()
            self._row, self._heads = [], 0
        elif tag == "br":
            self._words.append(" ")
        elif tag in _MARKS:
            self._words.append(_MARKS[tag])

    def leave(self, tag: str) -> None:
        if tag in {"td", "th"} and self._row is not None:
            self._row.append(self._taken())
            self._heads += tag == "th"
        elif tag == "tr" and self._row is not None:
            cells, self._row = self._row, None
            if any(cells):
                self._write_row(cells, header=self._heads == len(cells))
        elif tag in _MARKS:
            self._words.append(_MARKS[tag])
        elif tag in _BLOCKS and self._row is None:
            self._flush()
        if tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif tag == "dd":
            self._depth = max(self._depth - 1, 0)

    def _write_row(self, cells: list[str], *, header: bool) -> None:
        """A row; the first one that is no header row is parted from those above it."""
        header = header and self._header_rows == self._rows
        if not header and self._header_rows and self._header_rows == self._rows:
            self._blocks.append(("|" + "---|" * len(cells), True, True))
        joins = self._rows > 0  # to the row above, and to nothing else
        self._rows += 1
        self._header_rows += header
        self._blocks.append((f"| {' | '.join(cells)} |", joins, True))

    def code(self, text: str, language: str) -> None:
        if self._row is not None and "\n" not in text.strip():
            self.write(f"`{text.strip()}`")
            return
        if self._row is not None:  # code beside its line numbers, or a table used for layout
            cells, self._row = [*self._row, self._taken()], None
            self._words.append(" ".join(filter(None, cells)))
        self._flush()
        text = text.strip("\n").rstrip()
        if text:
            longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
            fence = "`" * (longest + 1)
            self._blocks.append((f"{fence}{language}\n{text}\n{fence}", False, False))

    def heading(self, level: int, text: str, anchor: str) -> None:
        self._flush()
        place = f" {{#{anchor}}}" if anchor and not re.search(r"[\s{}]", anchor) else ""
        if text:
            self._blocks.append((f"{'#' * level} {text}{place}", False, False))

    def paragraph(self, text: str) -> None:
        self._flush()
        self.write(text)
        self._flush()

    def text(self) -> str:
        self._flush()
        parts: list[str] = []
        previous = False
        for block, joins, joined in self._blocks:
            parts += ["\n" if joins and previous else "\n\n", block]
            previous = joined
        return "".join(parts).strip("\n")

    def _taken(self) -> str:
        words, self._words = " ".join("".join(self._words).split()), []
        return words.replace("` `", " ").replace("``", "")

    def _flush(self) -> None:
        text = self._taken()
        if not text:
            return
        if _LOOKS_LIKE_HEADING.match(text):
            text = f"\\{text}"
        listed = bool(self._lists or self._depth)
        outer = min(self._depth + max(len(self._lists) - 1, 0), 8)
        lead = "  " * outer + (f"{self._mark} " if self._mark else "  " * bool(self._lists))
        self._mark = ""
        self._blocks.append((lead + text, listed, listed or self._term))
        self._term = False
