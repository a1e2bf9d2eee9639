"""Where documents come from: installed packages and folders, told apart by how they are written."""

from pathlib import Path

from indexer.sources.folder import FolderSource
from indexer.sources.package import PackageSource
from indexer.types import Source, SourceError

__all__ = ["FolderSource", "PackageSource", "open_source"]


def open_source(spec: str) -> Source:
    """``package:NAME`` or the path of a folder. Raises ``SourceError`` for anything else."""
    scheme, colon, rest = spec.partition(":")
    if scheme == "package" and colon:
        return PackageSource(spec)
    if Path(spec).expanduser().is_dir():
        return FolderSource(spec)
    if colon and rest and scheme.isalpha():
        problem = f"There is no kind of source called {scheme!r}."
    elif Path(spec).expanduser().exists():
        problem = f"{spec} is a file: name the folder that holds it."
    else:
        problem = f"There is no folder {spec}."
    raise SourceError(
        f"{problem} A source is package:NAME (an installed Python package) or a folder."
    )
