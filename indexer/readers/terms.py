"""The names in the head of a definition: options, settings, error codes. Pure.

``-s STRATEGY``, ``--strategy=STRATEGY`` names ``-s`` and ``--strategy``; ``push.default`` and
``OnCalendar=`` name themselves. A head in plain words names nothing.
"""

import re
from collections.abc import Sequence

_OPTION = re.compile(r"--?\[?[A-Za-z0-9?@#][\w.\[\]-]*|\+[A-Za-z][\w-]*")
_NEGATED = re.compile(r"--\[(no|no-|enable-|disable-)\](.+)")
_NAMED = re.compile(
    r"""
      [A-Za-z][\w-]*(?:\.[\w<>*-]+)+    # push.default, remote.<name>.url
    | [A-Za-z]\w*_\w+                   # work_mem, GIT_DIR
    | [A-Z]{1,5}-?\d{2,6}               # E304, CS0246
    | [A-Z][a-z0-9]+(?:[A-Z]\w*)+       # ControlMaster
    | [A-Z]{3,}[A-Z0-9]*                # EACCES
    | [A-Za-z][\w-]*-[\w-]+             # window-status-format
    | [A-Za-z][\w.-]*(?==)              # User=
    """,
    re.VERBOSE,
)
_ARGUMENT = re.compile(r"\[[^\[\]]*\]|<[^<>]*>")
_APART = re.compile(r" ?(?:,|\||\bor\b) ?")
_LONGEST = 80  # characters of a name
_WORDS = 6  # of a head, not counting arguments in brackets; more of them are a sentence


def names(heads: Sequence[str]) -> list[str]:
    """The names in the heads of one definition, in order; none when a head is not a name."""
    found: list[str] = []
    for head in heads:
        its = _names(" ".join(head.split()))
        if not its:
            return []
        found += its
    return list(dict.fromkeys(found))


def main(found: Sequence[str]) -> str:
    """The name that stands for all of them: the first long option, else the first."""
    return next((name for name in found if name.startswith("--")), found[0])


def _names(head: str) -> list[str]:
    if head.startswith(("-", "+")):
        parts = (_OPTION.match(part) for part in _APART.split(head))
        return [name for part in parts if part for name in _whole(part[0]) if len(name) > 1]
    first = _NAMED.match(head)
    words = _ARGUMENT.sub(" ", head).split()
    if first is None or len(first[0]) > _LONGEST or len(words) > _WORDS:
        return []
    return [first[0]]


def _whole(option: str) -> list[str]:
    """``--[no-]verify`` is two options."""
    both = _NEGATED.fullmatch(option)
    if both:
        prefix = both[1] if both[1].endswith("-") else f"{both[1]}-"
        return [f"--{both[2]}", f"--{prefix}{both[2]}"]
    return [re.split(r"[\[\]]", option)[0].rstrip(".-")]
