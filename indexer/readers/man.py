"""Reads manual pages: man(7), and the part of mdoc(7) that carries text. Pure.

It reads roff for its words: sections, paragraphs, tagged items, examples. Requests that lay out or
compute (conditions, macro definitions, registers) are skipped, not run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from indexer.readers import mdoc, terms
from indexer.readers.page import Page, inflated
from indexer.readers.roff import arguments, plain
from indexer.readers.written.encoding import decoded

MAX_BYTES = 16_000_000
_ALTERNATING = {"BR", "BI", "RB", "RI", "IB", "IR"}
_JOINED = {"B", "I", "SM", "SB", "R"}
_PARAGRAPHS = {"PP", "P", "LP", "Pp", "sp", "HP", "RS", "RE", "br"}
_ENDS_A_LIST = {"PP", "P", "LP", "Pp", "HP"}
_CODE_BEGINS, _CODE_ENDS = {"nf", "EX", "Vb"}, {"fi", "EE", "Ve"}
_IGNORED_BLOCKS = {"de": "..", "am": "..", "ig": "..", "EQ": ".EN", "PS": ".PE"}
_CONDITION = re.compile(r"[.']\s*(?:if|ie|el)\b")


def read(data: bytes) -> Iterator[Page]:
    """The page without its options, whose headings carry their line in the (decompressed) file, and
    then each option. Raises ``Unreadable``.
    """
    if data[:2] == b"\x1f\x8b":
        data = inflated(data, MAX_BYTES)
    text, notes = decoded(data)
    page = _Manual()
    for number, line in enumerate(text.splitlines(), 1):
        page.feed(line, number)
    body = page.text()
    if body or page.entries:
        yield Page(body or page.title, page.title, notes=notes)
    for entry in page.entries:
        if entry.parts:
            heads = "\n".join(entry.heads)
            yield Page(
                "\n\n".join(entry.parts),
                " ".join(heads.split()),
                kind="option",
                symbol=terms.main(entry.names),
                signature=heads,
                section=entry.section,
                line=entry.line,
            )


@dataclass(slots=True)
class _Entry:
    """An option, setting or command with its description."""

    names: list[str]
    heads: list[str]
    section: str
    line: int
    depth: int  # of the lists around it
    parts: list[str] = field(default_factory=list)


class _Manual:
    """What has been read of a page so far."""

    def __init__(self) -> None:
        self.title = ""
        self.entries: list[_Entry] = []
        self._entry: _Entry | None = None  # what is read now belongs to it
        self._section = ""
        self._indent = 0  # lists and indented blocks around what is read now
        self._tag_line = 0
        self._mdoc = mdoc.Names()
        self._parts: list[str] = []
        self._words: list[str] = []
        self._code: list[str] | None = None
        self._tag: str | None = None  # tag of the item whose text follows
        self._tag_follows = False  # after .TP the next line is the tag
        self._tag_open = False  # after .It Xo the tag goes on up to .Xc
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
            self._entry, self._indent = None, 0
            mark = "##" if name in {"SH", "Sh"} else "###"
            heading = " ".join(arguments(rest))
            self._section = heading
            if heading:
                self._parts.append(f"{mark} {heading} {{line={number}}}")
        elif name in _CODE_BEGINS or (name == "Bd" and re.search(r"-(literal|unfilled)", rest)):
            self._flush()
            self._code = []
        elif name in _CODE_ENDS or name == "Ed":
            self._end_code()
        elif name in {"RS", "RE", "Bl", "El"} and self._code is None:
            term = " ".join(self._words)
            opens = name == "RS" and self._tag is None and bool(terms.names([term]))
            if opens:
                # DocBook writes a term as a paragraph, and its description as an indented block.
                self._tag, self._words = term, []
                self._tag_line = number - 1
            self._flush(opens=opens)
            self._indent = max(self._indent + (1 if name in {"RS", "Bl"} else -1), 0)
            self._end_entry(self._indent + 1)
        elif name in _PARAGRAPHS and self._code is None:
            self._flush()
            if name in _ENDS_A_LIST:
                self._end_entry(self._indent)
        elif name in {"TP", "TQ"}:
            self._flush()
            self._tag_follows, self._tag_line = True, number
        elif name in {"IP", "It"}:
            self._flush()
            self._tag = " ".join(arguments(rest)[:1]) if name == "IP" else self._mdoc.line(rest)
            self._tag_line = number
            self._tag_open = name == "It" and mdoc.opens(rest)
        elif name in _ALTERNATING:
            self._text("".join(arguments(rest)))
        elif name in _JOINED:
            self._text(" ".join(arguments(rest)))
        elif name in {"UR", "MT"}:
            self._text(f"<{' '.join(arguments(rest))}>")
        elif name in mdoc.MACROS:
            self._text(self._mdoc.line(f"{name} {rest}"))
            self._tag_open = self._tag_open and not mdoc.closes(f"{name} {rest}")

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
        elif self._tag_open:
            self._tag = f"{self._tag} {text}".strip()
        elif self._code is not None:
            self._code.append(text)
        elif self._words and text.strip() in mdoc.CLOSING:
            self._words[-1] += text.strip()
        elif text.strip():
            self._words.append(text.strip())
        else:
            self._flush()

    def _end_entry(self, depth: int) -> None:
        """Ends the entry if it is in a list at this depth or deeper."""
        if self._entry is not None and self._entry.depth >= depth:
            self._entry = None

    def _begin_entry(self, tag: str, depth: int) -> bool:
        """Whether a tag begins an entry, or is another head of one."""
        named = terms.names([tag])
        if not named or (self._entry is not None and self._entry.depth < depth):
            return False
        if self._entry is not None and not self._entry.parts and self._entry.depth == depth:
            self._entry.names += named
            self._entry.heads.append(tag)
        else:
            self._entry = _Entry(named, [tag], self._section, self._tag_line, depth)
            self.entries.append(self._entry)
        return True

    def _flush(self, *, opens: bool = False) -> None:
        """Ends a paragraph. ``opens`` says that the description of its tag follows, indented."""
        text = " ".join(self._words)
        tag, self._tag, self._words = self._tag, None, []
        begins = tag is not None and self._begin_entry(tag, self._indent + opens)
        if tag and len(tag) <= 2 and not begins:  # a bullet, a number
            text = f"{tag} {text}"
        elif tag and not begins:
            self._end_entry(self._indent + opens)  # a tag that is no name
            text = f"{tag}\n  {text}" if text else tag
        if text:
            self._target().append(f"\\{text}" if text.startswith("#") else text)

    def _target(self) -> list[str]:
        return self._parts if self._entry is None else self._entry.parts

    def _end_code(self) -> None:
        code, self._code = self._code, None
        body = "\n".join(code or ()).strip("\n")
        if body:
            self._target().append(f"```\n{body}\n```")
