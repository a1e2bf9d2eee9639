"""Which program a name means: one of the user's search path, never one of the workspace's."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path


def find(name: str, roots: Sequence[str]) -> str | None:
    """The first on the search path that does not lie in one of these folders.

    A shell with an activated environment puts the workspace's own programs on the search path, and
    an entry that is not absolute means whatever folder the process is in.
    """
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    trusted = [each for each in places if Path(each).is_absolute() and not inside(each, roots)]
    found = shutil.which(name, path=os.pathsep.join(trusted)) if trusted else None
    if found is None or not Path(found).is_absolute() or inside(found, roots):
        return None
    return found


def inside(path: str, roots: Sequence[str]) -> bool:
    """Whether a path lies in one of the folders, by its name or by where its links lead."""
    return any(
        Path(place).is_relative_to(root)
        for place in (path, os.path.realpath(path))
        for each in roots
        for root in (each, os.path.realpath(each))
    )
