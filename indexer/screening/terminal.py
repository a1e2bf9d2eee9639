"""Makes text that others wrote safe to print: no sequence moves, hides, renames or copies anything.

A terminal obeys sequences after an escape character, and C1 characters that mean the same. First
whole sequences are removed, so that the rest reads well. Then all remaining control characters are
removed, so that nothing can form from the rest. Marks that change the direction of writing go as
well, because they show code in another order than it has.
"""

import re
from typing import Any, TextIO

_LONGEST = 4096  # characters of a sequence; of a longer one, only the beginning is removed
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]"  # CSI: colours, cursor, clearing
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])"  # OSC, DCS, SOS, PM, APC: titles, clipboard
    rf"[^\x07\x1b\x9c\r\n]{{0,{_LONGEST}}}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,16}[0-Z\\^-~]"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_RETURN = re.compile(r"\r+\n?")  # a carriage return alone would let the rest overwrite the line
_BEGUN = re.compile(
    rf"(?:(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\r\n]{{0,{_LONGEST}}}\x1b?"
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}|\x1b[ -/]{0,16}|\r+)\Z"
)


def printable(text: Any) -> str:
    """The printable part of a text, or of ``str`` of any object, with its lines."""
    return _CONTROL.sub("", _RETURN.sub("\n", _SEQUENCE.sub("", str(text))))


def line(text: Any) -> str:
    """The same on one line, for a table cell or a message."""
    return " ".join(printable(text).split())


def escaped(json: str) -> str:
    """JSON in which the characters that a terminal would obey are escaped."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


class Printing:
    """Prints a text that streams, in which a sequence may begin in one piece and end in another."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        begun = self._begun(text)
        self._held = text[begun:]
        return printable(text[:begun])

    def end(self) -> str:
        held, self._held = self._held, ""
        return printable(held)

    @staticmethod
    def _begun(text: str) -> int:
        """Where a sequence begins that the text does not end; the end of the text when there is
        none.
        """
        recent = max(0, len(text) - _LONGEST - 8)
        for found in re.finditer(r"[\x1b\x90\x98\x9b\x9d-\x9f\r]", text[recent:]):
            if _BEGUN.match(text, recent + found.start()):
                return recent + found.start()
        return len(text)


class PrintableStream:
    """A text stream, such as standard error, that prints no control sequences."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()
