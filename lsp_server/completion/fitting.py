"""Fits a completion into the text around the cursor. Pure."""

import re

_NOTHING_FOLLOWS = re.compile(r"[\s)\]}\"'`,:;]*")


def ends_line(suffix: str) -> bool:
    """Whether nothing but closing brackets, quotes and punctuation follows on the cursor's line."""
    return _NOTHING_FOLLOWS.fullmatch(suffix.split("\n", 1)[0]) is not None


def fit(text: str, suffix: str) -> str:
    """Removes from a completion what the document already has: a blank end, a
    repeated next line.
    """
    text = text.rstrip()
    following = next((line.strip() for line in suffix.splitlines()[1:] if line.strip()), "")
    lines = text.split("\n")
    if following and len(lines) > 1:
        for number, line in enumerate(lines[1:], start=1):
            if line.strip() == following:
                lines = lines[:number]
                break
    rest = suffix.split("\n", 1)[0].strip()
    text = "\n".join(lines).rstrip()
    return text[: -len(rest)] if rest and "\n" not in text and text.endswith(rest) else text
