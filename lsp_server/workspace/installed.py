"""Reads the versions of packages in a workspace's virtual environment.

Nothing is imported or run: names and versions stand in the names of ``*.dist-info`` folders (PyPA's
"Recording installed projects").
"""

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lsp_server.workspace.regular_files import read_text

_ENVIRONMENTS = (".venv", "venv", "env")
_LAYOUTS = ("lib/python*/site-packages", "Lib/site-packages")
_LARGEST_LIST = 64 * 2**10
_MOST_ENTRIES = 20_000
_DIST_INFO = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)\.dist-info")


class Installed:
    """Remembers the contents of each folder until the folder changes."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[float, dict[str, str]]] = {}

    def versions(self, packages: Iterable[str], roots: Sequence[str]) -> dict[str, str]:
        """The versions of those packages, by import name, that are installed."""
        wanted = list(packages)
        found: dict[str, str] = {}
        for root in roots:
            for folder in _site_packages(Path(root)):
                installed = self._installed(folder)
                for name in wanted:
                    if name in installed:
                        found.setdefault(name, installed[name])
        return found

    def _installed(self, folder: Path) -> dict[str, str]:
        try:
            changed = folder.stat().st_mtime
        except OSError:
            return {}
        known = self._known.get(folder)
        if known is None or known[0] != changed:
            known = self._known[folder] = (changed, _read(folder))
        return known[1]


def _site_packages(root: Path) -> list[Path]:
    return [
        folder
        for environment in _ENVIRONMENTS
        for layout in _LAYOUTS
        for folder in sorted((root / environment).glob(layout))
    ]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(itertools.islice(found, _MOST_ENTRIES))
    except OSError:
        return []


def _read(folder: Path) -> dict[str, str]:
    """Versions by import name: the project's own name, and those in its ``top_level.txt``."""
    versions: dict[str, str] = {}
    for entry in _entries(folder):
        named = _DIST_INFO.fullmatch(entry.name)
        if not named:
            continue
        versions[re.sub(r"[-.]+", "_", named["name"]).lower()] = named["version"]
        listed = read_text(Path(entry.path, "top_level.txt"), _LARGEST_LIST)
        versions.update((name, named["version"]) for name in listed.split())
    return versions
