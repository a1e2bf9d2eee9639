"""Makes Markdown that others wrote safe for an editor to draw: nothing is fetched, run or hidden.

An answer streams, so it is not parsed and written again. It passes unchanged, except for characters
outside code that could begin a link, an image, a definition or HTML. These get a backslash, so that
every renderer shows them as plain characters. Three kinds of links remain: ``[1]``, which the
editors link to the first source; the addresses of the sources; and a bare ``https://…``, because
the reader sees where it leads.

Code passes byte for byte, so it must be code for every renderer. A real parser, markdown-it,
decides whether a line is code. A span between backticks is trusted only where no rule of Markdown
or its dialects could end it otherwise. A doubtful span is escaped, and then shows the backslash.
"""

import re
from collections.abc import Collection
from functools import cache

from markdown_it import MarkdownIt

# Longer text without an end of all lists and quotes would make every line too expensive.
_LONGEST_BLOCK = 8192

_ORDINARY = re.compile(r"[^\n\r`~\\\[</]+")
_CITATION = re.compile(r"\[\d{1,3}\]")
_MAYBE_CITATION = re.compile(r"\[\d{0,3}\]?")
_LINK = re.compile(r"\[[^\[\]()<>`\\&!\n\r|/]{1,200}\]\(([^()<>\s\\`&]{1,2000})\)")
_MAYBE_LINK = re.compile(
    r"\[[^\[\]()<>`\\&!\n\r|/]{0,200}(?:\](?:\([^()<>\s\\`&]{0,2000})?)?"
)  # fmt: skip
_BEGINS_HTML = re.compile(r"[A-Za-z/!?]")
_ENTITIES = {"[": "&#91;", "<": "&lt;", "/": "&#47;"}
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_CONTAINERS = re.compile(r"[ \t>*+\-0-9.)]*")  # what may stand before a fence in its line
_ITEM = re.compile(r"[-*+] [^\s*_+-]")  # an item of a list, but not a line of dashes
_CLOSING = re.compile(r" {0,3}(`+|~+)[ \t]*")
_MAYBE_CLOSING = re.compile(r" {0,3}(?:`*|~*)[ \t]*")
# matches an address that reaches up to here
_WEB_ADDRESS = re.compile(r"https?:(?://[\w./~%#?=&+-]*)?\Z", re.IGNORECASE)
_LONGEST_ADDRESS = 500
_IN_ADDRESS = re.compile(r"://\S*\Z")


def escape(text: str, allowed: Collection[str] = ()) -> str:
    """Escapes a whole text as ``Escaping`` does. ``allowed`` are the addresses of the sources."""
    escaping = Escaping(allowed)
    return escaping.feed(text) + escaping.end()


class Escaping:
    """Takes a text in pieces, passes on what is safe, and holds back what is undecided.

    It holds back a few characters: a bracket until it is known to be a citation; code in backticks
    that contains something to escape, until the backticks close or the line ends; the first line of
    a fence.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(allowed)
        self._pending = ""
        self._line = ""  # the part of the current line that has passed
        # the lines before it, back to where all lists and quotes had ended
        self._block: list[str] = []
        self._block_length = 0
        self._fence = ""  # what opened the current fence, if that is at the left margin
        self._closing = False  # whether this line closes the fence
        self._span = 0  # how many backticks opened the span that we may be in
        self._in_span = ""
        self._doubtful = False  # whether a span of this paragraph did not close in its line
        self._blank = True  # whether the line before was blank
        self._code: bool | None = None  # whether this line is code, once the parser was asked
        self._distrust = False

    def feed(self, text: str) -> str:
        self._pending += text
        return self._pass_on(last=False)

    def end(self) -> str:
        """Returns what was still held back."""
        return self._pass_on(last=True)

    def _pass_on(self, *, last: bool) -> str:
        passed = []
        while self._pending:
            piece = self._fenced(last) if self._fence else self._free(last)
            if piece is None:
                break
            passed.append(piece)
        return "".join(passed)

    # -- inside a fence at the left margin: everything passes until a line closes it

    def _fenced(self, last: bool) -> str | None:
        if self._pending[0] in "\r\n":
            return self._newline(last)
        end = re.search(r"[\r\n]", self._pending)
        line = self._pending[: end.start()] if end else self._pending
        if not self._line:
            if end is None and not last and _MAYBE_CLOSING.fullmatch(line):
                return None
            closing = _CLOSING.fullmatch(line)
            if closing and self._closes(closing[1]):
                self._fence = ""
                self._closing = True
                self._forget_block()
        return self._take(len(line))

    def _closes(self, run: str) -> bool:
        return run[0] == self._fence[0] and len(run) >= len(self._fence)

    # -- everywhere else

    def _free(self, last: bool) -> str | None:
        first = self._pending[0]
        if first in "\r\n":
            return self._newline(last)
        if not self._line and self._block and self._begins_anew():
            self._end_block()
        if first in "`~":
            return self._run(last)
        if self._span:
            return self._spanned(last)
        if first == "\\":
            return self._backslash(last)
        if first == "[":
            return self._bracket(last)
        if first in "</":
            return self._pair(last)
        found = _ORDINARY.match(self._pending)
        return self._take(found.end() if found else 1)

    def _newline(self, last: bool) -> str | None:
        if self._pending == "\r" and not last:
            return None
        length = 2 if self._pending.startswith("\r\n") else 1
        blank = not self._line.strip(" \t")
        self._doubtful = not blank and (self._doubtful or self._span > 0)
        self._span = 0
        self._blank = blank and not self._fence
        if not self._fence and not self._closing:
            self._block.append(self._line + "\n")
            self._block_length += len(self._line) + 1
            self._distrust = self._distrust or self._block_length > _LONGEST_BLOCK
        end, self._pending = self._pending[:length], self._pending[length:]
        self._line = ""
        self._closing = False
        self._code = None
        return end

    def _run(self, last: bool) -> str | None:
        """Handles backticks or tildes: a fence at the beginning of a line, otherwise perhaps a
        span.
        """
        first = self._pending[0]
        run = first * (len(self._pending) - len(self._pending.lstrip(first)))
        if run == self._pending and not last:
            return None
        if len(run) >= 3 and not self._span and _CONTAINERS.fullmatch(self._line):
            end = re.search(r"[\r\n]", self._pending)
            if end is None and not last:
                return None
            rest = self._pending[: end.start()] if end else self._pending
            kind = "" if self._distrust else self._kind(self._line + rest)
            if kind:
                if kind == "opening" and not self._line:
                    self._fence = run
                self._code = True
                return self._take(len(rest))
        if first == "`" and not self._is_code():
            if not self._span:
                self._doubtful = self._doubtful or self._in_address()  # which may swallow it
                self._span, self._in_span = len(run), ""
            elif self._span == len(run):
                self._span = 0
        return self._take(len(run))

    def _spanned(self, last: bool) -> str | None:
        """Handles text after backticks that may or may not close. What is the same either way
        passes.
        """
        found = _ORDINARY.match(self._pending)
        if found:
            return self._take(found.end())
        if self._is_code():
            return self._take(1)
        line = re.split(r"[\r\n]", self._pending, maxsplit=1)[0]
        ended = last or len(line) < len(self._pending)
        inside = self._until_closed(line, ended)
        if inside is None:
            if not ended:
                return None
            self._span = 0  # the span does not close in this line
            self._doubtful = True
            return ""
        whole = self._in_span + inside
        if self._doubtful or self._distrust or "|" in whole or "](" in whole:
            self._take(len(inside))
            escaped = escape_characters(inside)
        else:
            escaped = self._take(len(inside))
        return escaped

    def _until_closed(self, line: str, ended: bool) -> str | None:
        """The rest of a span without its closing backticks; None when nothing closes it."""
        for found in re.finditer(r"`+", line):
            if found.end() == len(line) and not ended:
                return None  # more backticks may follow
            if len(found[0]) == self._span:
                return line[: found.start()]
        return None

    def _backslash(self, last: bool) -> str | None:
        if len(self._pending) == 1 and not last:
            return None
        following = self._pending[1:2]
        pair = following and following in _PUNCTUATION and not self._is_code()
        # A renderer takes the backslash as part of an address, and then what follows is not
        # escaped.
        return self._take(2 if pair and not self._in_address() else 1)

    def _bracket(self, last: bool) -> str | None:
        if self._is_code():
            return self._take(1)
        if not last and _MAYBE_CITATION.fullmatch(self._pending):
            return None
        citation = _CITATION.match(self._pending)
        if citation and self._pending[citation.end() : citation.end() + 1] not in ("(", "[", ":"):
            return self._take(citation.end())
        if self._allowed and not self._line.endswith("!"):
            link = _LINK.match(self._pending)
            if link and link[1] in self._allowed:
                return self._take(link.end())
            if not last and _MAYBE_LINK.fullmatch(self._pending):
                return None
        return self._escaped()

    def _pair(self, last: bool) -> str | None:
        """Handles characters that have a meaning together with the next one."""
        first, following = self._pending[0], self._pending[1:2]
        if not following and not last:
            return None
        if self._is_code():
            return self._take(1)
        if first == "<" and _BEGINS_HTML.match(following):
            return self._escaped()
        if first == "/" and following == "/":
            if _WEB_ADDRESS.search(self._line[-_LONGEST_ADDRESS:]):
                return self._take(2)
            self._take(2)
            return "/\\/"
        return self._take(1)

    def _escaped(self) -> str:
        """Escapes the next character. In an address, a backslash would become
        part of the address.
        """
        if self._in_address():
            return _ENTITIES[self._take(1)]
        return "\\" + self._take(1)

    def _in_address(self) -> bool:
        return _IN_ADDRESS.search(self._line[-_LONGEST_ADDRESS:]) is not None

    # -- what the parser says about the lines so far

    def _is_code(self) -> bool:
        """Whether the current line is code, as far as it has come."""
        if self._code is None:
            self._code = not self._distrust and self._kind(self._line + "x") == "code"
        return self._code

    def _kind(self, line: str) -> str:
        """``opening`` for the first line of a fence, ``code`` for other code, else "".

        It must hold with tables and without, because not all renderers know them.
        """
        text, row = "".join(self._block) + line, len(self._block)
        kind = _kind_of_row(text, row, tables=True)
        return kind if kind and kind == _kind_of_row(text, row, tables=False) else ""

    def _begins_anew(self) -> bool:
        """After a blank line, a line at the left margin ends all lists and quotes before it.

        An item of a list does so too, unless it continues the same list.
        """
        return (self._blank and self._pending[0] not in " \t") or bool(_ITEM.match(self._pending))

    def _end_block(self) -> None:
        """Ends the block, unless the line is in an indented fence outside all lists and quotes."""
        if not self._distrust and self._kind("x") == "":
            self._forget_block()

    def _forget_block(self) -> None:
        self._block, self._block_length = [], 0
        self._doubtful = False
        self._blank = False

    def _take(self, length: int) -> str:
        taken, self._pending = self._pending[:length], self._pending[length:]
        self._line += taken
        self._in_span += taken
        return taken


def escape_characters(text: str) -> str:
    """Escapes every character that could begin something, wherever it stands, also within code."""
    return re.sub(r"\[|<(?=[A-Za-z/!?])|(?<=/)/", lambda found: _ENTITIES[found[0]], text)


@cache
def _parser(*, tables: bool) -> MarkdownIt:
    """Parses blocks of escaped text, which contains neither HTML nor definitions."""
    parser = MarkdownIt("commonmark").disable(["html_block", "reference"])
    if tables:
        parser.enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _kind_of_row(text: str, row: int, *, tables: bool) -> str:
    for token in reversed(_parser(tables=tables).parse(text)):
        if token.map is None or not token.map[0] <= row < token.map[1]:
            continue
        if token.type == "fence":
            return "opening" if token.map[0] == row else "code"
        if token.type == "code_block":
            return "code"
    return ""
