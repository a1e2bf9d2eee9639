"""Reads the macros of mdoc(7) that occur in running text. Pure."""

from indexer.readers.roff import arguments

_QUOTES = {"Op": "[]", "Dq": "“”", "Sq": "‘’", "Qq": '""', "Pq": "()", "Bq": "[]", "Aq": "<>",
           "Brq": "{}"}  # fmt: skip
_WORDS = {"Ar", "Cm", "Ic", "Li", "Sy", "Em", "Pa", "Ev", "Va", "Fa", "Ft", "Dv", "Er", "Ql", "Ad",
          "An", "In", "Lk", "Mt", "No", "Tn", "Vt", "Fn", "Cd", "Sx", "St", "Bx", "Ux", "Dl",
          "D1", "Xo", "Xc"}  # fmt: skip
# A pair of these encloses words on one line or on several.
_OPENS = {"Oo": "[", "Do": "“", "So": "‘", "Qo": '"', "Po": "(", "Bo": "[", "Ao": "<",
          "Bro": "{"}  # fmt: skip
_CLOSES = {"Oc": "]", "Dc": "”", "Sc": "’", "Qc": '"', "Pc": ")", "Bc": "]", "Ac": ">",
           "Brc": "}"}  # fmt: skip
CLOSING = frozenset(_CLOSES.values())
MACROS = {*_QUOTES, *_WORDS, *_OPENS, *_CLOSES, "Nm", "Nd", "Fl", "Xr", "Ns", "Ap", "Pf"}


class Names:
    """Turns macro lines into words. It remembers the page's name, because
    ``Nm`` alone repeats it.
    """

    def __init__(self) -> None:
        self._name = ""

    def line(self, text: str) -> str:
        """The words of a line, such as ``[-a file]`` for ``Op Fl a Ar file``."""
        words = arguments(text)
        shown: list[str] = []
        closing: list[str] = []
        glue = False  # whether the next word is joined to the last one
        at = 0
        while at < len(words):
            word = words[at]
            following = words[at + 1] if at + 1 < len(words) else ""
            at += 1
            if word in _QUOTES:
                shown.append(_QUOTES[word][0])
                closing.append(_QUOTES[word][1])
                glue = True
                continue
            if word in _WORDS:
                continue
            if word in _OPENS:
                shown.append(_OPENS[word])
                glue = True
                continue
            if word in _CLOSES:
                shown = [*shown[:-1], (shown[-1] if shown else "") + _CLOSES[word]]
                glue = False
                continue
            if word in {"Ns", "Ap", "Pf"}:
                glue = True
                continue
            if word == "Nd":
                word = "—"
            elif word == "Nm":
                if following and following not in MACROS:
                    self._name = self._name or following
                    continue
                word = self._name
            elif word == "Fl":
                flag = following if following and following not in MACROS else ""
                at += bool(flag)
                word = f"-{flag}"
            elif word == "Xr":
                section = words[at + 1] if at + 1 < len(words) else ""
                word = f"{following}({section})" if section else following
                at += 2
            if shown and (glue or word in {".", ",", ";", ":", ")", "]"}):
                shown[-1] += word
            else:
                shown.append(word)
            glue = False
        return " ".join(shown) + "".join(reversed(closing))


def opens(text: str) -> bool:
    """Whether an item's tag goes on on the next lines, up to ``Xc``."""
    words = arguments(text)
    return "Xo" in words and "Xc" not in words


def closes(text: str) -> bool:
    return "Xc" in arguments(text)
