"""Writes names, messages, code and addresses of others into Markdown of ours. Pure."""

import re


def plain(text: str) -> str:
    """A name or a message as words in a line of Markdown, with every character escaped."""
    words = " ".join(text.split())
    return re.sub(r"[\\`*_{}\[\]<>()#+!|~&$@-]|(?<=[:/])/", r"\\\g<0>", words)


def words(text: str) -> str:
    """One line for a message box. Some boxes draw ``[words](command:…)`` as a link that runs."""
    return " ".join(text.split()).replace("](", "] (")


def fenced(code: str, language: str = "") -> str:
    """Puts code into a fence that the code cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    tag = language if re.fullmatch(r"[\w+#.-]{0,30}", language) else ""
    return f"{fence}{tag}\n{code.rstrip()}\n{fence}"


def link(title: str, address: str) -> str:
    """A link to a page or a file on this machine; only the title when it leads anywhere else."""
    if not is_address(address):
        return plain(title)
    return f"[{plain(title)}]({address})"


def is_address(address: str) -> bool:
    """Whether this is an address on the web or of a local file. A file address with a host would be
    fetched from there, with a login.
    """
    return re.fullmatch(r"(?:https?://|file:///)[^\s<>\\\[\]()`]+", address) is not None
