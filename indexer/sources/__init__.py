"""Where documents come from: folders, source code, installed packages, repositories, websites and
archives, opened as they are declared.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

import platformdirs

from indexer.readers.formats import is_code, is_documentation
from indexer.sources import archive, git
from indexer.sources.declared import KINDS, Declaration, parse, refuse_credentials
from indexer.sources.folder import FolderSource, documentation_or_code
from indexer.sources.limits import Limits
from indexer.sources.package import TIMEOUT_S, PackageSource
from indexer.sources.prepared import PreparedSource
from indexer.types import Skipped, Source, SourceError

__all__ = [
    "KINDS",
    "Declaration",
    "FolderSource",
    "Limits",
    "PackageSource",
    "open_source",
    "parse",
]


def open_source(source: str | Declaration, cache: Path | None = None) -> Source:
    """Opens a source as it was typed (see ``parse``) or declared. Raises ``SourceError``.

    ``cache`` keeps what is downloaded and unpacked between runs.
    """
    declared = parse(source) if isinstance(source, str) else source
    refuse_credentials(declared.uri)
    cache = cache or Path(platformdirs.user_cache_dir("glossator")) / "sources"
    match declared.kind:
        case "package":
            return PackageSource(
                f"package:{declared.uri}",
                name=declared.name,
                python=str(Path(declared.python or sys.executable).expanduser()),
                timeout_s=min(TIMEOUT_S, declared.limits.seconds),
            )
        case "folder":
            return _folder(declared, Path(declared.uri), is_documentation, gitignore=True)
        case "code":
            return _folder(declared, Path(declared.uri), is_code, gitignore=True)
        case "git":
            return PreparedSource(declared.name, partial(_checked_out, declared, cache))
        case "archive":
            return PreparedSource(declared.name, partial(_unpacked, declared, cache))
        case "web":
            from indexer.sources.web import WebSource

            return WebSource(
                declared.uri,
                cache=declared.folder(cache),
                name=declared.name,
                include=declared.include,
                exclude=declared.exclude,
                limits=declared.limits,
                depth=declared.depth,
                delay_s=declared.delay_s,
                private_addresses=declared.private_addresses,
            )
    raise SourceError(f"There is no kind of source called {declared.kind!r}: {', '.join(KINDS)}.")


def _checked_out(declared: Declaration, cache: Path, skipped: list[Skipped]) -> FolderSource:
    repository = git.parse(declared.uri)
    limits = declared.limits
    found = git.checkout(
        repository,
        declared.folder(cache) / repository.title,
        limits,
    )
    cite = git.links(repository, found.commit)
    return _folder(declared, found.folder, documentation_or_code, cite, found.version)


def _unpacked(declared: Declaration, cache: Path, skipped: list[Skipped]) -> FolderSource:
    file = Path(declared.uri).expanduser().resolve()
    folder = declared.folder(cache) / file.name.split(".")[0]
    archive.unpack(file, folder, declared.limits, skipped)
    return _folder(declared, folder, documentation_or_code)


def _folder(
    declared: Declaration,
    path: Path,
    takes: Callable[[str], bool],
    cite: Callable[[PurePosixPath], str] | None = None,
    version: str = "",
    *,
    gitignore: bool = False,
) -> FolderSource:
    return FolderSource(
        path,
        name=declared.name,
        takes=takes,
        include=declared.include,
        exclude=declared.exclude,
        limits=declared.limits,
        cite=cite,
        version=version,
        gitignore=gitignore,
    )
