"""Limits on what a source may take, so that no input takes everything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """For one source and one run. What exceeds them is left out and reported."""

    documents: int = 100_000  # files or pages
    file_bytes: int = 32_000_000
    total_bytes: int = 4_000_000_000
    seconds: float = 3600.0  # for downloads: a site, a repository, or the import of a package
