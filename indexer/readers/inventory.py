"""Sphinx's ``objects.inv``: which symbol is documented at which anchor of which page. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from indexer.readers.page import Unreadable, inflated

MAX_BYTES = 64_000_000  # CPython's is half a megabyte
_HEADER = re.compile(
    rb"# Sphinx inventory version 2\n# Project: (.*)\n# Version: (.*)\n# .*zlib.*\n"
)
_LINE = re.compile(r"(.+?)\s+(\S+):(\S+)\s+(-?\d+)\s+?(\S*)\s+(.*)")
_NOT_CODE = {"std", "rst"}  # their names are labels, options and pages


@dataclass(frozen=True, slots=True)
class Inventory:
    """``symbols`` by page (relative to the inventory) and anchor; code only, no labels."""

    project: str = ""
    version: str = ""
    symbols: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, page: str) -> Mapping[str, str]:
        return self.symbols.get(page, {})


def read(data: bytes, limit: int = MAX_BYTES) -> Inventory:
    """Raises ``Unreadable`` when it is not an inventory, or decompresses to more than ``limit``."""
    header = _HEADER.match(data)
    if header is None:
        raise Unreadable("not a Sphinx inventory of version 2")
    symbols: dict[str, dict[str, str]] = {}
    for line in inflated(data[header.end() :], limit).decode("utf-8", "replace").splitlines():
        entry = _LINE.match(line)
        if entry is None or entry[2] in _NOT_CODE:
            continue
        page, _, anchor = entry[5].partition("#")
        if anchor.endswith("$"):
            anchor = anchor[:-1] + entry[1]
        symbols.setdefault(page, {})[anchor] = entry[1]
    project, version = (part.decode("utf-8", "replace").strip() for part in header.groups())
    return Inventory(project, version, symbols)
