"""Where a completion ends: with its statement, or with its block. Pure.

A model goes on until its tokens are used up, into functions that do not exist. The end is found by
brackets and indentation, so it is right for Python and good for most other languages:

- In the middle of a line, a completion ends with that statement, and with its body if it has one.
- On a line of its own in the middle of a block, it is one statement.
- At the end of a block it ends where the indentation falls below the block's, before a second
  definition, and outside of all blocks with the paragraph.
- It never closes a bracket or a string that the text after the cursor closes.
"""

import re

from backend.protocol.brackets import Brackets, closed_by

_GO_ON = frozenset(("elif", "else", "except", "finally", "catch"))
_DEFINES = frozenset(
    ("class", "def", "enum", "export", "fn", "func", "function", "impl", "interface", "private",
     "protected", "pub", "public", "struct", "trait", "@")
)  # fmt: skip
_WORD = re.compile(r"\w")


class Unended:
    """For an answer that ends where its model ends it."""

    ended = False

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""


class CompletionEnd:
    """Ends what is fed at the end of the statement or block that the cursor is in."""

    def __init__(self, prefix: str, suffix: str) -> None:
        self.ended = False
        self._state = Brackets.after(prefix, suffix)
        self._ours = closed_by(suffix, self._state)  # open brackets that are not to be closed
        self._block = self._state.block
        self._comment = self._state.comment
        self._quote = self._state.string if _closes_string(suffix, self._state) else ""
        line = prefix.rpartition("\n")[2]
        rest, _, following = suffix.partition("\n")
        rest = rest.strip()
        fresh = not line.strip() and not self._state.quoted
        before = fresh and bool(rest) and rest[0] not in ")]}"  # whole lines, before a line
        self._tail = "\n" + line if before else ""
        self._single = not fresh or before
        self._line = line  # that is being written
        # A model may write the indentation again that the cursor's line has already.
        self._indented = fresh and bool(line) and not self._deeper(prefix, line)
        self._statement = _indent(line)  # the indentation of the one that the cursor is in
        # The indentation of the next line; -1 if there is none.
        self._next = next((_indent(each) for each in following.split("\n") if each.strip()), -1)
        self._base: int | None = None  # the indentation of the block, once it is known
        self._header: int | None = None  # that of the statement whose body is being written
        self._between = fresh  # at the beginning of a line
        self._held = ""  # blanks between lines, or quotes that may end the string
        self._word = ""  # the first one of the next line
        self._written = False  # anything that is not blank
        self._complete = False  # a statement of the block
        self._defined = False  # one of them is a definition
        self._closing = False  # this line ends the block with its bracket

    def feed(self, text: str) -> str:
        """The part of it that belongs to the completion, as far as that is certain."""
        return "".join(map(self._take, text))

    def flush(self) -> str:
        """What was held back, when the model has ended the text by itself."""
        if self.ended or (self._word and not self._goes_on(self._word)):
            self.ended = True
            return ""
        tail = self._tail if self._written and "\n" not in self._held else ""
        return self._held + self._word + tail

    def _take(self, character: str) -> str:
        if self.ended:
            return ""
        if not self._between:
            return self._write(character)
        if character.isspace() and not self._word:
            if self._indented and character != "\n":
                return ""
            self._indented = False
            self._state.take(character)
            self._held += character
            return ""
        self._indented = False
        if not self._word or (_WORD.match(self._word) and _WORD.match(character)):
            self._word += character
            if _WORD.match(character):
                return ""
            character = ""
        word, self._word = self._word, ""
        if not self._goes_on(word, defines=character in ("", " ") and word in _DEFINES):
            return self._end()
        held, self._held, self._between = self._held, "", False
        self._line = held.rpartition("\n")[2] if "\n" in held else self._line + held
        return held + "".join(map(self._take, word + character))

    def _deeper(self, prefix: str, line: str) -> bool:
        """Whether the next line is to be indented more than the cursor's line is now."""
        before = prefix.rstrip().rpartition("\n")[2]
        opens = self._state.last in (":", "{") and _indent(before) >= len(line)
        return opens or len(self._state.open) > self._block

    def _goes_on(self, word: str, *, defines: bool = False) -> bool:
        """Whether the line that begins with ``word``, after what is held, belongs to it."""
        lines = self._held.split("\n")
        fell = len(lines) > 1
        indent = len(lines[-1]) + (0 if fell else len(self._line))
        if self._header is not None:
            return indent > self._header or (indent == self._header and word in _GO_ON)
        if self._base is None:
            self._base = indent
            if fell and indent < self._statement:
                return False
            self._single = self._single or self._next >= indent
        elif indent < self._base:
            self._closing = word in (")", "]", "}") and len(self._state.open) > self._ours
            return self._closing
        if indent == self._base:
            if self._complete and self._another(word, defines, paragraph=len(lines) > 2):
                return False
            self._defined = self._defined or defines
        if self._single:
            self._statement = indent
        return True

    def _another(self, word: str, defines: bool, *, paragraph: bool) -> bool:
        """Whether a line of the block begins something new, after what is complete."""
        if self._base:
            return self._defined and defines
        return paragraph or defines or (self._defined and word not in _GO_ON)

    def _write(self, character: str) -> str:
        state = self._state
        depth, unmatched = len(state.open), len(state.unmatched)
        state.take(character)
        if len(state.open) < min(depth, self._ours) or len(state.unmatched) > unmatched:
            return self._end()
        if self._quote:
            if not state.string:
                return self._end()
            if len(self._quote) > 1 and character == self._quote[0]:
                self._held += character
                return ""
        held, self._held = self._held, ""
        self._written = self._written or not character.isspace()
        if character != "\n":
            self._line += character
            return held + character
        line, self._line = self._line.strip(), ""
        if not self._line_ends():
            return held + character
        if self._stops(line):
            return held + self._end()
        self._held, self._between = character, True
        return held

    def _line_ends(self) -> bool:
        """Whether no bracket, string or backslash goes on with the statement in the next line."""
        state = self._state
        if state.string or state.last == "\\":
            return False
        return len(state.open) <= max(self._ours, self._block)

    def _stops(self, line: str) -> bool:
        """Whether the completion ends at the end of this line; else the next line decides."""
        if self._closing or len(self._state.open) < self._block:
            return True
        if self._header is not None:
            return False
        opens = self._state.last == ":" and not self._comment
        if not self._written:  # the cursor was at the end of a complete line
            self._single = opens
        elif self._comment:
            return True
        elif line.startswith(("#", "//", "@")):  # something has to follow
            return False
        self._complete = self._written
        if not self._single:
            return False
        if opens:
            self._header = self._statement
        return not opens or self._next > self._statement

    def _end(self) -> str:
        self.ended = True
        return self._tail if self._written else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _closes_string(suffix: str, state: Brackets) -> bool:
    if not state.quoted:
        return False
    after = state.copy()
    after.read(suffix if len(state.string) > 1 else suffix.partition("\n")[0])
    return not after.quoted
