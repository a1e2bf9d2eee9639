"""Finds a program on the user's search path, never in the workspace."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path


def find(name: str, roots: Sequence[str]) -> str | None:
    """The first program on the search path outside these folders.

    A shell with an activated environment puts the workspace's programs on the search path. An entry
    that is not absolute depends on the current folder. Both are skipped.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    trusted = [each for each in folders if Path(each).is_absolute() and not inside(each, roots)]
    found = shutil.which(name, path=os.pathsep.join(trusted)) if trusted else None
    if found is None or not Path(found).is_absolute() or inside(found, roots):
        return None
    return found


def inside(path: str, roots: Sequence[str]) -> bool:
    """Whether a path lies in one of the folders, by its name or after following links."""
    return any(
        Path(named).is_relative_to(root)
        for named in (path, os.path.realpath(path))
        for each in roots
        for root in (each, os.path.realpath(each))
    )
