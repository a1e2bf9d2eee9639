"""Reads the slash command and the mentions in a prompt. Pure.

/explain why does @symbol:irfft need n? see @file:src/signal.py
"""

import re
from dataclasses import dataclass

from backend.protocol.wire import Task

COMMANDS: dict[str, tuple[Task, str]] = {
    "explain": ("explain", "Explain what the code does, and how."),
    "optimize": ("optimize", "How can the code be made faster or simpler?"),
    "docs": ("document", "Document the code."),
    "tests": ("tests", "Write tests for the code."),
}
MENTIONS = {
    "file": "the document, or the file that is named",
    "selection": "the selected code",
    "symbol": "the definition that is named",
    "docs": "answer from this documentation alone",
    "diagnostics": "the diagnostics of the document",
    "diff": "what git says has changed",
}
NEEDS_NAME = ("symbol", "docs")

_COMMAND = re.compile(r"\s*/(\w+)(?=\s|$)\s*")
_MENTION = re.compile(r"(?<![\w@])@(\w+)(?::(?:\"([^\"]+)\"|([^\s\"]*[^\s\"?!.,;:)])))?")


@dataclass(frozen=True, slots=True)
class Mention:
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """``question`` is never empty. ``mentions`` keep the order of the prompt, each once."""

    task: Task
    question: str
    mentions: tuple[Mention, ...]

    def names(self, kind: str) -> list[str]:
        """The names of all mentions of a kind; a mention without a name gives ""."""
        return [each.name for each in self.mentions if each.kind == kind]


def parse(text: str) -> Prompt:
    """Unknown commands and mentions are the user's own words and stay in the question."""
    task: Task = "answer"
    question = text
    command = _COMMAND.match(text)
    if command and command[1] in COMMANDS:
        task, default = COMMANDS[command[1]]
        question = text[command.end() :].strip() or default
    found = (
        Mention(match[1], match[2] or match[3] or "")
        for match in _MENTION.finditer(text)
        if match[1] in MENTIONS
    )
    return Prompt(task, question, tuple(dict.fromkeys(found)))


def sources(
    said: Prompt, asked: tuple[str, ...] | None, configured: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """The sources to search: those of ``@docs:NAME``, else of the request, else of the options.

    A name without a scheme may be a package or a folder, so both are searched.
    """
    named = [name for name in said.names("docs") if name]
    if named:
        return tuple(
            each
            for name in named
            for each in ((name,) if ":" in name else (f"package:{name}", name))
        )
    return configured if asked is None else asked
