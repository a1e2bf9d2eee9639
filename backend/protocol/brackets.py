"""Which brackets and strings are open in code. Pure, and for any language with such brackets.

The backend ends a completion by it, and the language server fits one into the user's line. It
guesses the language's comments from the code, because a completion's request names no language.
"""

import re
from typing import Self

CLOSING = {"(": ")", "[": "]", "{": "}"}
# The beginning of a statement at the left margin, and not of a line of prose.
_STATEMENT = re.compile(
    r"^(?:@\w|(?:async )?def \w+[(\[]|class \w+[:(\[ ]|import \w|from \S+ import"
    r"|(?:if|for|while|with) .*[:{]$|try:"
    r"|(?:export |async |pub |public )?(?:function|fn|func|class|struct|impl)\b.*[({]$"
    r"|(?:const|let|var) \w+ ?[=:]|\w[\w.]*(?:[(\[]| ?[-+*/|]?= ))",
    re.MULTILINE,
)
_CUT = 1000  # characters; a shorter text is a whole beginning of a file
# Lines as they are in languages whose comments begin with two slashes.
_SLASHES = re.compile(r";[ \t]*$|^[ \t]*//|\)[ \t]*\{[ \t]*$", re.MULTILINE)


class Brackets:
    """Reads code character by character."""

    def __init__(self, slashes: bool = False) -> None:
        self.open: list[str] = []  # the closing brackets that are still to come, outermost first
        self.string = ""  # the quotes that end the string or comment that is open
        self.last = ""  # the last character outside of comments that is not blank
        self.unmatched: list[str] = []  # closing brackets that closed nothing
        self.broken = 0  # strings that ended with their line
        self.blocks: list[int] = []  # how many brackets are open with each block of braces
        self._slashes = slashes
        self._run = 0  # of equal quotes, just now
        self._escaped = False
        self._before = "\n"

    @classmethod
    def after(cls, prefix: str, suffix: str = "") -> Self:
        """The state at the end of a text, which may begin in the middle of anything.

        So it is read from its last line that begins a statement at the left margin. Where there is
        none, it is taken to begin in a long string if it would otherwise end in one. The
        ``suffix`` only shows what comments look like.
        """
        starts = [found.start() for found in _STATEMENT.finditer(prefix)]
        slashes = any(_SLASHES.search(text) for text in (prefix, suffix))
        state = cls(slashes)
        state.read(prefix[starts[-1] :] if starts else prefix)
        if not starts and len(prefix) >= _CUT and len(state.string) == 3:
            within = cls(slashes)
            within.string = state.string
            within.read(prefix)
            return within
        return state

    def copy(self) -> Self:
        """A state that goes on from this one on its own."""
        other = type(self)(self._slashes)
        other.__dict__.update(self.__dict__)
        other.open, other.blocks = self.open.copy(), self.blocks.copy()
        other.unmatched = self.unmatched.copy()
        return other

    @property
    def comment(self) -> bool:
        """Whether the rest of the line is a comment."""
        return self.string == "\n"

    @property
    def quoted(self) -> bool:
        """Whether a string is open."""
        return self.string not in ("", "\n", "*/")

    @property
    def unbalanced(self) -> int:
        """How many brackets and strings were left open, or close nothing."""
        return len(self.open) + len(self.unmatched) + self.broken + self.quoted

    @property
    def block(self) -> int:
        """How many brackets are open at the beginning of the innermost block of braces."""
        return self.blocks[-1] if self.blocks else 0

    def read(self, text: str) -> None:
        for character in text:
            self.take(character)

    def take(self, character: str) -> None:
        if self.string:
            self._inside(character)
        else:
            self._outside(character)
        self._before = character

    def _inside(self, character: str) -> None:
        if self.string == "*/":
            if self._before == "*" and character == "/":
                self.string = ""
        elif self.string == "\n":
            if character == "\n":
                self.string = ""
                self._line_ended()
        elif self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped, self._run = True, 0
        elif character == self.string[0]:
            self._run += 1
            if self._run == len(self.string):
                empty = len(self.string) == 1 and self._before == character
                self.string, self.last = "", character
                self._run = 2 if empty else 0  # a third quote opens a long string
        elif character == "\n" and self.string in ("'", '"'):  # nobody closed it
            self.string = ""
            self.broken += 1
            self._line_ended()
        else:
            self._run = 0

    def _outside(self, character: str) -> None:
        run, self._run = self._run, 0
        if character in "'\"`":
            triple = run == 2 and self._before == character and character != "`"
            self.string = character * 3 if triple else character
            self.last = character
        elif character == "#" and self._before.isspace():
            self.string = "\n"
        elif character in "/*" and self._before == "/" and self._slashes:
            self.string = "\n" if character == "/" else "*/"
        elif character in CLOSING:
            self.open.append(CLOSING[character])
            self.last = character
        elif character in ")]}":
            self._close(character)
        elif character == "\n":
            self._line_ended()
        elif not character.isspace():
            self.last = character

    def _close(self, character: str) -> None:
        self.last = character
        if self.open and self.open[-1] == character:
            self.open.pop()
            while self.blocks and self.blocks[-1] > len(self.open):
                self.blocks.pop()
        else:
            self.unmatched.append(character)

    def _line_ended(self) -> None:
        if self.last == "{" and self.open and self.block != len(self.open):
            self.blocks.append(len(self.open))


def closed_by(suffix: str, state: Brackets) -> int:
    """How many of the open brackets, outermost first, the text after the cursor closes."""
    after = state.copy()
    after.open, after.unmatched, after.blocks = [], [], []
    after.read(suffix)
    most = min(len(state.open), len(after.unmatched))
    return next(
        (
            count
            for count in range(most, 0, -1)
            if after.unmatched[:count] == state.open[:count][::-1]
        ),
        0,
    )
