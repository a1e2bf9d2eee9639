"""Puts citations into an answer while it streams. Pure.

Text passes as it comes. When a sentence or a block of code is complete, the numbers of the passages
that support it are put behind it. Numbers that the model wrote are taken out, because they may
support nothing; those that do come back with the rest. Only a bracket that may become such a
number, and a blank at the end, wait for what follows. Markdown stays whole: nothing is put into
code, and a block's numbers stand on a line of their own.
"""

import re

from backend.answering.written.code_spans import FENCE, closes
from backend.answering.written.support import Support

_NUMBER = re.compile(r"\[(\d{1,2})\]")
_MAYBE = re.compile(r" ?\[\d{0,2}| ")  # the beginning of a number, with the blank before it
_LONGEST = len(" [12]")
_SUBSCRIBED = re.compile(r"[\w)\]]")  # an element of what stands before it: x[1]
_NO_STATEMENT = re.compile(r"\s{0,3}(?:#|\|)")  # a heading, a row of a table
_LEADS_ON = re.compile(r":\s{0,9}$")  # to a list, or a block of code
_ENDS = (".", "!", "?")
_SHORT = ("e.g.", "i.e.", "vs.", "cf.")  # end with a full stop, and end no sentence
_TAIL = 8  # characters in which a sentence's end stands, with the quotes and brackets behind it


class Attribution:
    """``feed`` what the model writes, and ``flush`` at its end; both return what to show."""

    def __init__(self, support: Support) -> None:
        self._support = support
        self._held = ""  # may become a number
        # Characters, as the model wrote them: a string that grows by one would be copied each time.
        self._line: list[str] = []
        self._sentence: list[str] = []
        self._claimed: list[int] = []
        self._just_cited: list[int] = []  # the citations of the sentence before
        self._fence = ""  # its marks, inside of a block
        self._code: list[str] = []
        self._inline = False  # inside of backticks
        self.cited: set[int] = set()

    def feed(self, text: str) -> str:
        return self._passed(self._held + text, last=False)

    def flush(self) -> str:
        shown = self._passed(self._held, last=True)
        if not self._fence:
            # A sentence without an end was cut off, and nobody knows what it would have said.
            return shown + (self._marks() if self._has_ended() else "")
        closed = self._after_line().rstrip("\n")  # "" where it was cut off inside of the block
        return f"{shown}\n{closed}" if closed else shown

    @property
    def grounded(self) -> bool:
        """Whether any of it was supported by a passage."""
        return bool(self.cited)

    def _passed(self, text: str, *, last: bool) -> str:
        self._held = ""
        out: list[str] = []
        position = 0
        while position < len(text):
            character = text[position]
            if not self._fence and not self._inline and character in " [":
                rest = text[position : position + _LONGEST]
                if not last and position + len(rest) == len(text) and _MAYBE.fullmatch(rest):
                    self._held = rest
                    break
                number = _NUMBER.match(rest, 1 if character == " " else 0)
                if number and (character == " " or not _SUBSCRIBED.match(self._last())):
                    self._claimed.append(int(number[1]))
                    position += number.end()
                    continue
            out.append(self._before(character))
            out.append(character)
            self._see(character)
            if character == "\n":
                out.append(self._after_line())
            position += 1
        return "".join(out)

    def _before(self, character: str) -> str:
        """Numbers, where ``character`` shows that a sentence has ended before it."""
        if self._fence or self._inline or not character.isspace():
            return ""
        if character == "\n" or self._has_ended():
            return self._marks()
        return ""

    def _last(self) -> str:
        """The last character of the line, if there is one."""
        return self._line[-1] if self._line else ""

    def _has_ended(self) -> bool:
        tail = "".join(self._sentence[-_TAIL:]).rstrip("*_\"') ")
        return tail[-1:] in _ENDS and not tail.lower().endswith(_SHORT)

    def _see(self, character: str) -> None:
        if character == "\n":
            return
        self._line.append(character)
        if self._fence:
            return
        if character == "`":
            self._inline = not self._inline
        self._sentence.append(character)

    def _after_line(self) -> str:
        """At a line's end: whether a block of code begins or ends with it."""
        line, self._line = "".join(self._line), []
        self._inline = False
        if not self._fence:
            self._sentence = []
            if marks := FENCE.match(line):
                self._fence, self._code = marks[1], []
            return ""
        if not closes(line, self._fence):
            self._code.append(line)
            return ""
        self._fence = ""
        numbers = self._support.of_code("\n".join(self._code))
        return f"\n{self._written(numbers)}\n" if numbers else ""

    def _marks(self) -> str:
        sentence, self._sentence = "".join(self._sentence), []
        if not sentence.strip():
            return ""
        claimed, self._claimed = self._claimed, []
        line = "".join(self._line)
        if FENCE.match(line) or _NO_STATEMENT.match(line) or _LEADS_ON.search(sentence):
            return ""
        # "This function…" goes on with what was said before.
        numbers = self._support.of_sentence(sentence, (*claimed, *self._just_cited))
        self._just_cited = numbers
        return f" {self._written(numbers)}" if numbers else ""

    def _written(self, numbers: list[int]) -> str:
        self.cited.update(numbers)
        return "".join(f"[{number}]" for number in numbers)


class Verbatim:
    """Passes the answer of the extractive generator unchanged: it cites what it quotes itself."""

    grounded = True

    def __init__(self) -> None:
        self.cited: set[int] = set()
        self._end = ""

    def feed(self, text: str) -> str:
        seen = self._end + text
        self.cited.update(int(number) for number in _NUMBER.findall(seen))
        self._end = seen[-len("[12") :]
        return text

    def flush(self) -> str:
        return ""


class Unmarked:
    """Passes code for a file unchanged, because no number may be in it, and notes its sources."""

    grounded = True

    def __init__(self, support: Support) -> None:
        self._attribution = Attribution(support)

    @property
    def cited(self) -> set[int]:
        return self._attribution.cited

    def feed(self, text: str) -> str:
        self._attribution.feed(text)
        return text

    def flush(self) -> str:
        self._attribution.flush()
        return ""
