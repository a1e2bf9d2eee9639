"""What is indexed, and when again."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.settings.kinds import Count, Seconds, Size, doc

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Period = Annotated[str, Meta(pattern=r"^([1-9][0-9]*[smhd])?$")]


class SourceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A source of documentation; its name is the table's: `[sources.handbook]`.

    docs/sources.md says what each kind reads.
    """

    kind: Annotated[
        Literal["folder", "code", "package", "git", "web", "archive"],
        doc("What it is: documentation or code in a folder, a Python package, …"),
    ]
    uri: Annotated[
        str,
        Meta(min_length=1),
        doc("Where it is: a path, a package's name, an address; `@BRANCH` or `@TAG` after git's."),
    ]
    include: Annotated[
        tuple[str, ...], doc("Patterns, as in `.gitignore`, of files to read; none: the kind's.")
    ] = ()
    exclude: Annotated[tuple[str, ...], doc("Patterns of files to leave out, likewise.")] = ()
    every: Annotated[
        Period, doc("Indexed again after this time: `30m`, `6h`, `1d`; empty: when asked to.")
    ] = ""
    follow: Annotated[
        bool, doc("Indexed again as soon as a file changes; for kinds `folder` and `code`.")
    ] = False
    max_documents: Annotated[Count, doc("Files or pages read; the rest is left out.")] = 100_000
    max_file_bytes: Annotated[Count, doc("Larger files and pages are left out.")] = 32_000_000
    max_total_bytes: Annotated[Count, doc("Read or unpacked in all; the rest is left out.")] = (
        4_000_000_000
    )
    max_seconds: Annotated[Seconds, doc("For fetching, cloning, unpacking, importing.")] = 3600.0
    python: Annotated[
        str, doc("Interpreter whose packages are read, such as a project's `.venv/bin/python`.")
    ] = ""
    depth: Annotated[Size, doc("Links followed from a website's first page.")] = 5
    delay_s: Annotated[
        Seconds, doc("Least time between two requests to a website; its own wish may be longer.")
    ] = 0.2
    private_addresses: Annotated[
        bool, doc("Whether a website may be at an address inside of the company's network.")
    ] = False

    @property
    def every_s(self) -> float | None:
        """The schedule in seconds; None without one."""
        return float(self.every[:-1]) * _SECONDS[self.every[-1]] if self.every else None
