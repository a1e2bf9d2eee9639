"""Rewrites AsciiDoc as Markdown, line by line. Pure.

It reads what carries text: titles, sections, blocks of code, tables, lists, admonitions.
Conditions and attributes that compute are not run.
"""

import re
from collections.abc import Sequence

from indexer.readers.written.fencing import Fencing

_SECTION = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?\s*$")
_UNDERLINES = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}
_ATTRIBUTE = re.compile(r":!?([\w-]+)!?:(?:\s+(.*))?$")
_REFERENCE = re.compile(r"\{([\w-]{1,60})\}")
_BLOCK_LINE = re.compile(r"\[[^\]\n]{0,500}\]\s*$")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|`{3,}|--)(\w{0,20})\s*$")
_TABLE = re.compile(r"[|,:!]===\s*$")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION)(?::\s|$)")
_MACRO = re.compile(r"(?:image|toc|video|audio|ifdef|ifndef|ifeval|endif|include)::[^\[\n]*\[")
_COMMENT = re.compile(r"//(?!/)")
_LIST = re.compile(r"\s{0,40}(\*{1,6}|\.{1,6}|-)\s+(?=\S)")
_LINK = re.compile(
    r"(?<![\w:/.])(?:link:|xref:|(?=https?://))([^\s\[\]]{1,500}+)\[([^\]\n]{1,300}+)\]"
)
_CROSS = re.compile(r"<<([^<>,\n]{1,200})(?:,\s{0,9}([^<>\n]{1,300}))?>>")
_CELL = re.compile(r"(?:\d+\+|\.\d+\+|\d+\*)?[<^>]{0,2}(?:\.[<^>])?[aehlmsdv]?\|")
_LITERAL = {"-", ".", "`", "+"}


def markdown(text: str) -> tuple[str, str]:
    """The title, and the text with a line of Markdown for each line of AsciiDoc."""
    return _Rewriting(text.split("\n")).run()


class _Rewriting:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._out = Fencing(lines)
        self._title = ""
        self._attributes: dict[str, str] = {}
        self._language: str | None = None  # of the code that follows; None: no code follows
        self._options = ""  # the attributes of the block that follows

    def run(self) -> tuple[str, str]:
        row = 0
        while row < len(self._lines):
            row = self._from(row)
        return self._title, self._out.text()

    def _from(self, row: int) -> int:
        """Rewrites what begins at a row, and returns the row after it."""
        line = self._lines[row].rstrip()
        delimiter = _DELIMITER.match(line)
        if self._is_title(row):
            self._heading(line, _UNDERLINES[self._lines[row + 1][0]])
            self._out.put("")
            return row + 2
        if delimiter and (delimiter[1][0] == "`" or not delimiter[2]):
            return self._block(row, delimiter[1], delimiter[2])
        if _TABLE.match(line):
            return self._table(row)
        if self._language is not None and line.strip():
            return self._paragraph_of_code(row)
        if section := _SECTION.match(line):
            self._heading(section[2], len(section[1]))
        elif attribute := _ATTRIBUTE.match(line):
            self._attributes[attribute[1]] = (attribute[2] or "").strip()[:300]
            self._out.put("")
        elif _BLOCK_LINE.match(line):
            self._announced(line)
        elif (
            (line.startswith("//") and not line.startswith("///"))
            or line == "+"
            or _MACRO.match(line)
        ):
            self._out.put("")
        elif line.startswith(".") and len(line) > 1 and line[1] not in ". ":
            self._out.put(f"**{self._inline(line[1:])}**")
        else:
            self._out.put(self._prose(line))
            self._options = self._options if line.strip() else ""
        return row + 1

    def _is_title(self, row: int) -> bool:
        """Whether it is a title with a line below it, as old documents have them."""
        if row + 1 >= len(self._lines) or (row and self._lines[row - 1].strip()):
            return False
        title, under = self._lines[row].rstrip(), self._lines[row + 1].rstrip()
        return bool(
            len(under) >= 4
            and under[0] in _UNDERLINES
            and under == under[0] * len(under)
            and abs(len(title) - len(under)) <= 2
            and re.match(r"\w", title)
        )

    def _heading(self, words: str, level: int) -> None:
        words = self._inline(words)
        if level == 1 and not self._title:
            self._title = words
        self._out.put(f"{'#' * level} {words}")
        self._language, self._options = None, ""

    def _announced(self, line: str) -> None:
        """``[source,java]``, ``[NOTE]``, ``[cols="1,2", options="header"]``, ``[[anchor]]``."""
        inner = line.strip()[1:-1]
        style, _, rest = inner.partition(",")
        admonition = _ADMONITION.match(style.strip())
        if style.strip() in {"source", "listing", "literal"} or inner.startswith(","):
            self._language = rest.split(",")[0].strip().strip('"') if "=" not in rest[:9] else ""
        self._options = inner
        self._out.put(f"**{admonition[1].capitalize()}:**" if admonition else "")

    def _block(self, row: int, mark: str, language: str) -> int:
        end = row + 1
        while end < len(self._lines) and self._lines[end].rstrip() != mark:
            end += 1
        code = mark[0] in _LITERAL and mark != "--"
        announced = self._language
        self._language, self._options = None, ""
        if end == len(self._lines) and mark[0] != "`":  # nothing closes it: its mark is left out
            self._out.put("")
            return row + 1
        if mark[0] == "/":
            for _ in range(row, min(end + 1, len(self._lines))):
                self._out.put("")
            return end + 1
        if code or (mark == "--" and announced is not None):
            self._out.begin(language or announced or "", row)
            for line in self._lines[row + 1 : end]:
                self._out.put(line)
            self._out.close()
            return end + 1
        self._out.put("")  # an example, a sidebar, a quote: its contents are text
        return row + 1

    def _paragraph_of_code(self, row: int) -> int:
        """Code without marks around it: the line above announced it, and a blank line ends it."""
        language, self._language = self._language, None
        self._out.begin(language or "", row - 1)
        while row < len(self._lines) and self._lines[row].strip():
            self._out.put(self._lines[row])
            row += 1
        self._out.close()
        return row + 1

    def _table(self, row: int) -> int:
        mark = self._lines[row].rstrip()
        end = row + 1
        while end < len(self._lines) and self._lines[end].rstrip() != mark:
            end += 1
        lines = list(self._lines[row + 1 : end])
        first = next((i for i, line in enumerate(lines) if line.strip()), 0)
        headed = "header" in self._options or (
            first + 1 < len(lines) and not lines[first + 1].strip() and first == 0
        )
        rows = self._rows(lines, mark[0], first)
        self._language, self._options = None, ""
        out = [f"| {' | '.join(cells)} |" for cells in rows]
        if headed and out:
            out.insert(1, "|" + "---|" * len(rows[0]))
        taken = max(end + 1 - row, len(out) + 1)
        for line in (*out, *[""] * (taken - len(out)))[: max(end + 1 - row, 0)]:
            self._out.put(line)
        return end + 1

    def _rows(self, lines: Sequence[str], separator: str, first: int) -> list[list[str]]:
        if separator in ",:":
            return [[cell.strip() for cell in line.split(separator)] for line in lines if line]
        cells: list[str] = []
        across = 0
        for i, line in enumerate(lines):
            parts = _CELL.split(line) if "|" in line else [line]
            if cells and parts[0].strip():  # the text of a cell goes on
                cells[-1] = f"{cells[-1]} {self._inline(parts[0].strip())}".strip()
            cells += [self._inline(part.strip()) for part in parts[1:]]
            if i == first:
                across = len(cells)
        wanted = re.search(r"cols=\"?([^\"\]]{1,200})", self._options)
        if wanted:
            star = re.match(r"\s*(\d{1,2})\*", wanted[1])
            across = int(star[1]) if star else wanted[1].count(",") + 1
        across = max(across, 1)
        return [cells[at : at + across] for at in range(0, len(cells), across)]

    def _prose(self, line: str) -> str:
        if admonition := _ADMONITION.match(line):
            rest = line[len(admonition[1]) + 1 :].strip()
            return f"**{admonition[1].capitalize()}:** {self._inline(rest)}"
        if item := _LIST.match(line):
            mark = item[1]
            depth = 0 if mark == "-" else len(mark) - 1
            words = self._inline(line[item.end() :])
            return f"{'  ' * depth}{'1.' if mark[0] == '.' else '-'} {words}"
        return self._inline(line)

    def _inline(self, line: str) -> str:
        if "{" in line:
            line = _REFERENCE.sub(
                lambda found: self._attributes.get(found[1].lower()) or found[0], line
            )
        if "[" in line:
            line = _LINK.sub(r"[\2](\1)", line)
        if "<<" in line:
            line = _CROSS.sub(lambda found: found[2] or found[1], line)
        return line
