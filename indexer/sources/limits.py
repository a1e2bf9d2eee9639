"""What a source may take, so that no input can take everything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one source and one run; what is over them is left out and reported."""

    documents: int = 100_000  # files or pages
    file_bytes: int = 32_000_000
    total_bytes: int = 4_000_000_000
    seconds: float = 3600.0  # for what is fetched: a site, a repository, a package's import
