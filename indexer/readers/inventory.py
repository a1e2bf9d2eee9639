"""Reads Sphinx's ``objects.inv``: which symbol is documented at which
anchor of which page. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from indexer.readers.page import Unreadable, inflated

MAX_BYTES = 64_000_000  # CPython's is half a megabyte
_HEADER = re.compile(
    rb"# Sphinx inventory version 2\n# Project: (.*)\n# Version: (.*)\n# .*zlib.*\n"
)
_NOT_CODE = {"std", "rst"}  # these name labels, options and pages


@dataclass(frozen=True, slots=True)
class Inventory:
    """``symbols`` by page (relative to the inventory) and anchor; only code, no labels."""

    project: str = ""
    version: str = ""
    symbols: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, page: str) -> Mapping[str, str]:
        return self.symbols.get(page, {})


def read(data: bytes, limit: int = MAX_BYTES) -> Inventory:
    """Raises ``Unreadable`` when it is no inventory, or decompresses to more than ``limit``."""
    header = _HEADER.match(data)
    if header is None:
        raise Unreadable("not a Sphinx inventory of version 2")
    symbols: dict[str, dict[str, str]] = {}
    for line in inflated(data[header.end() :], limit).decode("utf-8", "replace").splitlines():
        name, domain, place = _entry(line)
        if not name or domain in _NOT_CODE:
            continue
        page, _, anchor = place.partition("#")
        if anchor.endswith("$"):
            anchor = anchor[:-1] + name
        symbols.setdefault(page, {})[anchor] = name
    project, version = (part.decode("utf-8", "replace").strip() for part in header.groups())
    return Inventory(project, version, symbols)


def _entry(line: str) -> tuple[str, str, str]:
    """Name, domain and place from ``name domain:role priority place title``; names may contain
    blanks.
    """
    words = line.split(" ")
    for at in range(1, len(words) - 2):
        domain, colon, _ = words[at].partition(":")
        if colon and words[at + 1].lstrip("-").isdigit():
            return " ".join(words[:at]), domain, words[at + 2]
    return "", "", ""
