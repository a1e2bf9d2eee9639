"""Where our other packages are, and how this process and the ones it starts find them.

An installed wheel keeps `backend`, `indexer`, `loadtest` and `lsp_server` in a folder that only our
own processes have on their path (docs/decisions/0011-one-package-on-the-import-path.md). In a clone
they are at the top level, that folder does not exist, and nothing happens here.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).with_name("_packages")


def find() -> None:
    """Puts the folder first on the path, before a workspace that has a `backend` as well.

    Processes that multiprocessing starts get the path of this one. Other processes must not find
    our packages in place of their own, so the folder leaves the environment that they inherit.
    """
    if not FOLDER.is_dir():
        return
    sys.path.insert(0, str(FOLDER))
    if inherited := os.environ.get("PYTHONPATH"):
        others = [entry for entry in inherited.split(os.pathsep) if entry != str(FOLDER)]
        os.environ["PYTHONPATH"] = os.pathsep.join(others)


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """``inherited``, for processes that import our packages and do not begin with `glossator`:
    those that Ray starts."""
    if not FOLDER.is_dir():
        return dict(inherited)
    path = [str(FOLDER), *filter(None, [inherited.get("PYTHONPATH")])]
    return {**inherited, "PYTHONPATH": os.pathsep.join(path)}


def hidden_by(folder: Path) -> list[str]:
    """Those of the server's packages that are found in ``folder`` when it is first on the path."""
    ours = FOLDER if FOLDER.is_dir() else FOLDER.parents[1]
    if folder.resolve() == ours.resolve():
        return []
    names = ("backend", "indexer")
    return [
        name
        for name in names
        if (folder / name / "__init__.py").exists() or (folder / f"{name}.py").exists()
    ]
