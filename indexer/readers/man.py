"""Reads manual pages: man(7), and the part of mdoc(7) that carries text. Pure.

It reads roff for its words: sections, paragraphs, tagged items, examples. Requests that lay out or
compute (conditions, macro definitions, registers) are skipped, not run.
"""

import re
from collections.abc import Iterator

from indexer.readers import mdoc
from indexer.readers.page import Page, inflated
from indexer.readers.roff import arguments, plain

MAX_BYTES = 16_000_000
_ALTERNATING = {"BR", "BI", "RB", "RI", "IB", "IR"}
_JOINED = {"B", "I", "SM", "SB", "R"}
_PARAGRAPHS = {"PP", "P", "LP", "Pp", "sp", "HP", "RS", "RE", "br"}
_CODE_BEGINS, _CODE_ENDS = {"nf", "EX", "Vb"}, {"fi", "EE", "Ve"}
_IGNORED_BLOCKS = {"de": "..", "am": "..", "ig": "..", "EQ": ".EN", "PS": ".PE"}
_CONDITION = re.compile(r"[.']\s*(?:if|ie|el)\b")


def read(data: bytes) -> Iterator[Page]:
    """One page, whose headings carry their line in the (decompressed) file.
    Raises ``Unreadable``.
    """
    if data[:2] == b"\x1f\x8b":
        data = inflated(data, MAX_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    page = _Manual()
    for number, line in enumerate(text.splitlines(), 1):
        page.feed(line, number)
    body = page.text()
    if body:
        yield Page(body, page.title)


class _Manual:
    """What has been read of a page so far."""

    def __init__(self) -> None:
        self.title = ""
        self._mdoc = mdoc.Names()
        self._parts: list[str] = []
        self._words: list[str] = []
        self._code: list[str] | None = None
        self._tag: str | None = None  # tag of the item whose text follows
        self._tag_follows = False  # after .TP the next line is the tag
        self._until: str | None = None  # the line that ends a skipped part
        self._depth = 0  # depth of skipped conditional blocks

    def feed(self, line: str, number: int) -> None:
        if self._left_out(line):
            return
        if not line.startswith((".", "'")):
            self._text(plain(line))
            return
        name, _, rest = line[1:].strip().partition(" ")
        if name in _IGNORED_BLOCKS:
            self._until = _IGNORED_BLOCKS[name]
        elif name == "TH" or name == "Dt":
            words = arguments(rest)
            self.title = f"{words[0].lower()}({words[1]})" if len(words) > 1 else rest
        elif name in {"SH", "SS", "Sh", "Ss"}:
            self._flush()
            mark = "##" if name in {"SH", "Sh"} else "###"
            heading = " ".join(arguments(rest))
            if heading:
                self._parts.append(f"{mark} {heading} {{line={number}}}")
        elif name in _CODE_BEGINS or (name == "Bd" and re.search(r"-(literal|unfilled)", rest)):
            self._flush()
            self._code = []
        elif name in _CODE_ENDS or name == "Ed":
            self._end_code()
        elif name in _PARAGRAPHS and self._code is None:
            self._flush()
        elif name in {"TP", "TQ"}:
            self._flush()
            self._tag_follows = True
        elif name in {"IP", "It"}:
            self._flush()
            self._tag = " ".join(arguments(rest)[:1]) if name == "IP" else self._mdoc.line(rest)
        elif name in _ALTERNATING:
            self._text("".join(arguments(rest)))
        elif name in _JOINED:
            self._text(" ".join(arguments(rest)))
        elif name in {"UR", "MT"}:
            self._text(f"<{' '.join(arguments(rest))}>")
        elif name in mdoc.MACROS:
            self._text(self._mdoc.line(f"{name} {rest}"))

    def text(self) -> str:
        self._end_code()
        self._flush()
        return "\n\n".join(self._parts)

    def _left_out(self, line: str) -> bool:
        if self._until is not None:
            if line.strip() == self._until:
                self._until = None
            return True
        if self._depth or _CONDITION.match(line):
            self._depth = max(self._depth + line.count("\\{") - line.count("\\}"), 0)
            return True
        return False

    def _text(self, text: str) -> None:
        if self._tag_follows:
            self._tag, self._tag_follows = text.strip(), False
        elif self._code is not None:
            self._code.append(text)
        elif text.strip():
            self._words.append(text.strip())
        else:
            self._flush()

    def _flush(self) -> None:
        text = " ".join(self._words)
        tag, self._tag, self._words = self._tag, None, []
        if tag and len(tag) <= 2:  # a bullet, a number
            text = f"{tag} {text}"
        elif tag:
            text = f"{tag}\n  {text}" if text else tag
        if text:
            self._parts.append(f"\\{text}" if text.startswith("#") else text)

    def _end_code(self) -> None:
        code, self._code = self._code, None
        body = "\n".join(code or ()).strip("\n")
        if body:
            self._parts.append(f"```\n{body}\n```")
