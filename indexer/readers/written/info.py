"""Reads Info files, as Texinfo makes them: each node is a section. Pure."""

import re

_NODE = re.compile(r"File: [^\n,]{0,300},\s{1,9}Node: ([^\n,]{1,300})")
_TITLED = re.compile(r"This is (\S{1,200}?)\.info")
_UNDERLINES = "*=-."
_MENU = re.compile(r"\* [^\n:]{1,300}::?")


def markdown(text: str) -> tuple[str, str]:
    """The title and the text, whose headings carry their line in the file."""
    found = _TITLED.match(text.lstrip())
    lines = text.split("\n")
    out: list[str] = []
    menu = tail = False
    for row, line in enumerate(lines):
        following = lines[row + 1] if row + 1 < len(lines) else ""
        if line.startswith("\x1f"):
            menu = False
            tail = following.startswith(("Tag Table:", "Indirect:", "Local Variables:", "End Tag"))
        elif tail or _NODE.match(line):
            continue
        elif line.startswith("* Menu:"):
            menu = True
        elif menu and (_MENU.match(line) or line[:1].isspace() or not line.strip()):
            continue
        elif _underlined(line, following):
            menu = False
            out.append(
                f"\n{'#' * (_UNDERLINES.index(following[0]) + 1)} {line} {{line={row + 1}}}\n"
            )
        elif not (row and _underlined(lines[row - 1], line)):
            menu = False
            out.append(f"\\{line}" if line.startswith(("#", "```", "~~~")) else line)
    return (found[1] if found else ""), "\n".join(out)


def _underlined(line: str, under: str) -> bool:
    under = under.rstrip()
    return bool(
        line.strip()
        and len(under) >= 3
        and under[0] in _UNDERLINES
        and under == under[0] * len(under)
        and abs(len(under) - len(line.rstrip())) <= 2
    )
