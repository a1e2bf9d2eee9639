"""Writes the editor's context for a model. Pure."""

import re

from backend.protocol.wire import Context

_TICKS = re.compile("`+")


def document(context: Context | None) -> str:
    """The part that stays the same from question to question: the file and its packages."""
    if context is None:
        return ""
    parts = []
    if context.versions:
        listed = ", ".join(f"{name} {version}" for name, version in context.versions.items())
        parts.append(f"Installed: {listed}.")
    if context.text:
        text = fence(context.text, context.language)
        name = _name(context.uri)
        parts.append(f"The user's file {name} from line {context.first_line}:\n{text}")
    return "\n\n".join(parts)


def place(context: Context | None) -> str:
    """The part about this question: mentioned files, the diff, the selection, what tools report."""
    if context is None:
        return ""
    parts = [
        f"{_name(each.uri)} from line {each.first_line}:\n{fence(each.text, each.language)}"
        for each in context.files
        if each.text
    ]
    if context.diff:
        parts.append(f"Changes since the last commit:\n{fence(context.diff, 'diff')}")
    if context.scope:
        parts.append(f"The user is in: {context.scope}")
    if context.selection is not None:
        chosen = context.selection
        parts.append(
            f"Selected lines {chosen.first_line} to {chosen.last_line}:\n"
            f"{fence(chosen.text, context.language)}"
        )
    if context.remarks:
        parts.append("\n".join(["Reported for these lines:", *_remarks(context)]))
    return "\n\n".join(parts)


def length(context: Context | None) -> int:
    """About how many characters the whole context has."""
    return len(document(context)) + len(place(context))


def fence(text: str, language: str = "") -> str:
    """The text in a fence longer than any inside, so it cannot be closed (CommonMark 4.5)."""
    longest = max(map(len, _TICKS.findall(text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def _remarks(context: Context) -> list[str]:
    said = []
    for each in context.remarks:
        origin = " ".join(part for part in (each.source, each.code) if part)
        said.append(f"- line {each.first_line}: {origin}: {each.message}".replace(": : ", ": "))
        if each.fix:
            said.append(f"  its fix:\n{fence(each.fix, context.language)}")
    return said


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
