"""Rewrites Org as Markdown, line by line. Pure."""

import re

from indexer.readers.written.fencing import Fencing

_HEADING = re.compile(r"(\*{1,9})\s+(.*)$")
_STATE = re.compile(r"(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED|CANCELED|HOLD)\s+)?(?:\[#.\]\s*)?")
_TAGS = re.compile(r"(?<=\s):[\w@#%:]{1,200}:\s*$")
_BEGIN = re.compile(r"\s{0,40}#\+begin_(\w+)\s*(\S*)", re.IGNORECASE)
_END = re.compile(r"\s{0,40}#\+end_(\w+)", re.IGNORECASE)
_KEYWORD = re.compile(r"\s{0,40}#\+(\w+):\s*(.*)$")
_LINK = re.compile(r"\[\[([^][\n]{1,2000})\](?:\[([^][\n]{1,2000})\])?\]")
_CODE = {"src", "example", "export"}


def markdown(text: str) -> tuple[str, str]:
    """The title, and the text with a line of Markdown for each line of Org."""
    title = ""
    lines = text.split("\n")
    out = Fencing(lines)
    drawer = skipped = False
    for row, line in enumerate(lines):
        begin, end, keyword = _BEGIN.match(line), _END.match(line), _KEYWORD.match(line)
        if out.open:
            if end and end[1].lower() in _CODE:
                out.close()
            else:  # Org puts a comma before what would be a heading
                out.put(line.replace(",*", "*", 1).replace(",#+", "#+", 1))
        elif skipped:
            skipped = not (end and end[1].lower() == "comment")
            out.put("")
        elif drawer or line.strip().upper() in {":PROPERTIES:", ":LOGBOOK:"}:
            drawer = line.strip().upper() != ":END:"
            out.put("")
        elif begin:
            kind = begin[1].lower()
            skipped = kind == "comment"
            if kind in _CODE:
                out.begin(begin[2] if kind == "src" else "", row)
            else:
                out.put("")
        elif keyword:
            if keyword[1].lower() == "title":
                title = " ".join(filter(None, (title, keyword[2].strip())))
            out.put(f"**{keyword[2].strip()}**" if keyword[1].lower() == "caption" else "")
        elif end or line.lstrip().startswith(("# ", "#+")) or line.strip() == "#":
            out.put("")
        elif found := _HEADING.match(line):
            words = _TAGS.sub("", found[2])[_state(found[2]) :]
            out.put(f"{'#' * min(len(found[1]), 6)} {_LINK.sub(_words, words).strip()}")
        elif line.lstrip().startswith("|-"):
            out.put(line.replace("+", "|"))
        else:
            out.put(_LINK.sub(_words, line))
    return title, out.text()


def _state(words: str) -> int:
    found = _STATE.match(words)
    return found.end() if found else 0


def _words(found: re.Match[str]) -> str:
    return f"[{found[2]}]({found[1]})" if found[2] else found[1]
