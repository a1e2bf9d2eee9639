"""What is indexed, and when it is indexed again."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.settings.kinds import Count, Seconds, Size, doc

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Period = Annotated[str, Meta(pattern=r"^([1-9][0-9]*[smhd])?$")]


class SourceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A source of documentation. The table has the source's name: `[sources.handbook]`.

    docs/sources.md says what each kind reads.
    """

    kind: Annotated[
        Literal["folder", "code", "package", "git", "web", "archive"],
        doc("Kind of the source: documentation or code in a folder, a Python package, …"),
    ]
    uri: Annotated[
        str,
        Meta(min_length=1),
        doc("Path, package name or address; a git address may end in `@BRANCH` or `@TAG`."),
    ]
    include: Annotated[
        tuple[str, ...],
        doc("Patterns of files to read, as in `.gitignore`; none: as usual for the kind."),
    ] = ()
    exclude: Annotated[tuple[str, ...], doc("Patterns of files to leave out.")] = ()
    every: Annotated[
        Period, doc("Index it again after this time: `30m`, `6h`, `1d`; empty: only when asked.")
    ] = ""
    follow: Annotated[
        bool, doc("Index it again as soon as a file changes; for kinds `folder` and `code`.")
    ] = False
    max_documents: Annotated[Count, doc("Most files or pages; the rest is left out.")] = 100_000
    max_file_bytes: Annotated[Count, doc("Larger files and pages are left out.")] = 32_000_000
    max_total_bytes: Annotated[Count, doc("Most bytes read or unpacked; the rest is left out.")] = (
        4_000_000_000
    )
    max_seconds: Annotated[Seconds, doc("Longest time to fetch, clone, unpack or import it.")] = (
        3600.0
    )
    python: Annotated[
        str, doc("Interpreter whose packages are read, such as a project's `.venv/bin/python`.")
    ] = ""
    depth: Annotated[
        Size, doc("How many links away from a website's first page its pages may be.")
    ] = 5
    delay_s: Annotated[
        Seconds,
        doc("Shortest time between two requests to a website; it may ask for a longer one."),
    ] = 0.2
    private_addresses: Annotated[
        bool, doc("Whether a website may have an address inside the company's network.")
    ] = False

    @property
    def every_s(self) -> float | None:
        """The schedule in seconds; None without one."""
        return float(self.every[:-1]) * _SECONDS[self.every[-1]] if self.every else None
