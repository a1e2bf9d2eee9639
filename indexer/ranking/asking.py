"""Recognizes what kind of question somebody asks: error messages, comparisons, code. Pure."""

import builtins
import re
from collections.abc import Mapping

# Exceptions of Python itself say how something failed; every package raises them.
_BUILT_IN = frozenset(
    name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning", "Exit"))
)
_WORD = re.compile(r"(?<![\w.])[\w.]++:?")
_RAISED = ("Error", "Exception", "Warning", "Exit")
_TRACEBACK = re.compile(
    r"^\s*(Traceback \(most recent call last\):|File \"[^\"\n]*\", line \d+[^\n]*)$", re.M
)
# What differs each time a message is raised: shapes, addresses, places.
_PARTICULAR = re.compile(r"\(\d*(?:,\s*\d*)+\)|\b0x[0-9a-fA-F]+\b|\bline \d+\b|(?<=\s)/\S+")
_IMPORTED = re.compile(r"^\s*import\s+([\w.]+)\s+as\s+(\w+)", re.M)
_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+([^\n#]+)", re.M)
_VERSUS = ("vs", "vs.", "versus", "compared to", "compared with", "instead of", "rather than")
_ASKING = ("when should i use", "when do i use", "when to use", "should i use",
           "is it better to use", "use")  # fmt: skip
_BETWEEN = "difference between "
# What an entry gains whose name the words of an error message spell, such as ``numpy.broadcast``:
# messages name what went wrong. For comparison, a cosine that is higher by a tenth adds 1.
SPELLED = 1.0
_LONGEST_SIDE = 60  # characters; a longer one is a sentence, and no name of a thing


def is_error(question: str) -> bool:
    """Whether the question has an error message of a Python program."""
    return any(_raised(word) for word in _WORD.findall(question))


def without_particulars(question: str) -> str:
    """The question without what says nothing about the answer: which built-in exception an error
    message has, and the shapes, addresses and places in it. Questions without an exception stay as
    they are.
    """
    if not is_error(question):
        return question
    said = _TRACEBACK.sub("", question)
    said = _WORD.sub(lambda found: "" if _raised(found[0]) in _BUILT_IN else found[0], said)
    said = _PARTICULAR.sub(" ", said)
    return said.strip() if re.search(r"\w{3}", said) else question


def _raised(word: str) -> str:
    """The name of the exception that a word is; "" for any other word."""
    name = word.rstrip(".:").rpartition(".")[2]
    return name if name[:1].isupper() and name.endswith(_RAISED) else ""


def aliases(question: str) -> Mapping[str, str]:
    """What the imports in a question's code call things: ``np`` is ``numpy``."""
    found = {name: module for module, name in _IMPORTED.findall(question)}
    for module, names in _FROM.findall(question):
        for each in names.strip("() ").split(","):
            name, _, other = each.strip().partition(" as ")
            if name.isidentifier():
                found[other.strip() or name] = f"{module}.{name}"
    return found


def sides(question: str) -> tuple[str, str] | None:
    """The two things that a question compares: "merge vs rebase"; None when it compares nothing."""
    if "\n" in question.strip() or len(question) > 4 * _LONGEST_SIDE:
        return None
    said = " ".join(question.split()).rstrip("?.").lower()
    _, between, after = said.partition(_BETWEEN)
    if between:
        one, _, other = after.partition(" and ")
    else:
        started = next((each for each in _ASKING if said.startswith(f"{each} ")), "")
        words = (*_VERSUS, "or") if started else _VERSUS
        said = said.removeprefix(started).strip()
        parted = (said.partition(f" {word} ") for word in words)
        one, _, other = next((each for each in parted if each[1]), ("", "", ""))
    if not one or not other or max(len(one), len(other)) > _LONGEST_SIDE:
        return None
    return one, other
