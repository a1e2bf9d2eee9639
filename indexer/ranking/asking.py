"""Recognizes what kind of question somebody asks: error messages, comparisons, code. Pure."""

import builtins
import re
from collections.abc import Mapping

from indexer.ranking.words import ALIASES

# Exceptions of Python itself say how something failed; every package raises them.
_BUILT_IN = frozenset(
    name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning", "Exit"))
)
_EXCEPTION = re.compile(r"\b(?:[a-z_]\w*\.)*([A-Z]\w*(?:Error|Exception|Warning|Exit))\b:?")
_TRACEBACK = re.compile(
    r"^\s*(Traceback \(most recent call last\):|File \"[^\"\n]*\", line \d+[^\n]*)$", re.M
)
# What differs each time a message is raised: shapes, addresses, places.
_PARTICULAR = re.compile(r"\(\d*(?:,\s*\d*)+\)|\b0x[0-9a-fA-F]+\b|\bline \d+\b|(?<=\s)/\S+")
_IMPORTED = re.compile(r"^\s*import\s+([\w.]+)\s+as\s+(\w+)", re.M)
_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+([^\n#]+)", re.M)
_VERSUS = re.compile(
    r"\bdifference\s+between\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)[?.]?$"
    r"|^(?:when\s+(?:should\s+i|do\s+i|to)\s+(?:use\s+)?|should\s+i\s+use\s+|use\s+)?"
    r"(?P<c>.+?)\s+(?:vs\.?|versus|compared\s+(?:to|with)|instead\s+of|rather\s+than)\s+"
    r"(?P<d>.+?)[?.]?$"
    r"|^(?:should\s+i\s+use|is\s+it\s+better\s+to\s+use|use)\s+(?P<e>.+?)\s+or\s+(?P<f>.+?)[?.]?$",
    re.IGNORECASE,
)
# What an entry gains whose name the words of an error message spell, such as ``numpy.broadcast``:
# messages name what went wrong. For comparison, a cosine that is higher by a tenth adds 1.
SPELLED = 1.0
_LONGEST_SIDE = 60  # characters; a longer one is a sentence, and no name of a thing


def is_error(question: str) -> bool:
    """Whether the question has an error message of a Python program."""
    return _EXCEPTION.search(question) is not None


def without_particulars(question: str) -> str:
    """The question without what says nothing about the answer: which built-in exception an error
    message has, and the shapes, addresses and places in it. Questions without an exception stay as
    they are.
    """
    if not _EXCEPTION.search(question):
        return question
    said = _TRACEBACK.sub("", question)
    said = _EXCEPTION.sub(lambda found: "" if found[1] in _BUILT_IN else found[0], said)
    said = _PARTICULAR.sub(" ", said)
    return said.strip() if re.search(r"\w{3}", said) else question


def aliases(question: str) -> Mapping[str, str]:
    """What the imports in a question's code call things: ``np`` is ``numpy``."""
    found = {name: module for module, name in _IMPORTED.findall(question)}
    for module, names in _FROM.findall(question):
        for each in names.strip("() ").split(","):
            name, _, other = each.strip().partition(" as ")
            if name.isidentifier():
                found[other.strip() or name] = f"{module}.{name}"
    return found


def resolved(name: str, known: Mapping[str, str]) -> str:
    """A name with its first part written out, as the question's imports or custom have it."""
    first, dot, rest = name.partition(".")
    whole = known.get(first) or (ALIASES.get(first) if dot else None)
    return f"{whole}{dot}{rest}" if whole else name


def sides(question: str) -> tuple[str, str] | None:
    """The two things that a question compares: "merge vs rebase"; None when it compares nothing."""
    if "\n" in question.strip():
        return None
    found = _VERSUS.search(" ".join(question.split()))
    if found is None:
        return None
    one, other = (each for each in found.groups() if each)
    if max(len(one), len(other)) > _LONGEST_SIDE:
        return None
    return one, other
