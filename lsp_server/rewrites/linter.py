"""Runs ruff on Python code: findings about speed and simplicity, with their fixes.

ruff runs as a process, on the text that the editor has, with the rules and exclusions of the
project's own configuration. Rows count from 0.
"""

import asyncio
import itertools
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from lsp_server.documents.text import last_line
from lsp_server.workspace.programs import find

RULES = "PERF,FURB,C4,SIM"
TIMEOUT_S = 3.0
MOST = 50  # findings; nobody reads more, and a question should not carry more
_ENVIRONMENTS = (".venv", "venv", "env")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Replaces the text from one place (row, column in code points) to another, exclusive."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    message: str
    url: str
    start: tuple[int, int]
    end: tuple[int, int]
    fix: tuple[Replacement, ...] = ()

    @property
    def first_row(self) -> int:
        return self.start[0]

    @property
    def last_row(self) -> int:
        return last_line(self.start, self.end)


class _Location(Struct, frozen=True):
    row: int  # both from 1
    column: int

    def place(self) -> tuple[int, int]:
        return self.row - 1, self.column - 1


class _Edit(Struct, frozen=True):
    content: str
    location: _Location
    end_location: _Location


class _Fix(Struct, frozen=True):
    edits: tuple[_Edit, ...]


class _Diagnostic(Struct, frozen=True):
    message: str
    location: _Location
    end_location: _Location
    code: str | None = None
    url: str | None = None
    fix: _Fix | None = None


async def findings(
    source: str,
    path: str,
    first: int,
    last: int,
    roots: Sequence[str],
    command: str = "",
    *,
    trusted: bool = False,
) -> list[Finding]:
    """The first ``MOST`` findings within the rows ``first`` to ``last``.

    Returns none when ruff is missing or too slow; the rewrite then goes on without evidence, and
    the log says why. If ruff refuses the project's configuration, its defaults apply. A workspace
    that is not ``trusted`` provides neither the ruff nor the configuration.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            ruff = _ruff(roots, command, trusted)
            output = await _check(source, path, roots, ruff) if trusted else None
            if output is None:
                output = await _check(source, path, roots, ruff, "--isolated")
        reported = msgspec.json.decode(output or b"[]", type=tuple[_Diagnostic, ...])
    except (OSError, TimeoutError, msgspec.DecodeError) as error:
        log.warning("ruff did not answer: %s", error or "it took too long")
        return []
    found = (_finding(each, first, last) for each in reported if each.code)
    within = (each for each in found if first <= each.first_row and each.last_row <= last)
    return list(itertools.islice(within, MOST))


def apply(lines: Sequence[str], found: Sequence[Finding]) -> str:
    """Applies the fixes to the text, and leaves out a fix that overlaps an earlier one."""
    text = "".join(lines)
    starts = [0, *itertools.accumulate(map(len, lines))]
    taken: list[tuple[int, int, str]] = []
    for finding in found:
        edits = [
            (starts[edit.start[0]] + edit.start[1], starts[edit.end[0]] + edit.end[1], edit.text)
            for edit in finding.fix
        ]
        if not any(
            begin < other[1] and other[0] < end for begin, end, _ in edits for other in taken
        ):
            taken += edits
    for begin, end, new in sorted(taken, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


async def _check(
    source: str, path: str, roots: Sequence[str], ruff: str, *more: str
) -> bytes | None:
    """The output of ruff; None when it refuses to run."""
    process = await asyncio.create_subprocess_exec(
        ruff,
        "check", "--select", RULES, "--preview", "--output-format", "json", "--no-cache",
        "--exit-zero", "--quiet", "--no-fix", "--stdin-filename", path, *more, "-",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=next(filter(os.path.isdir, roots), None),
    )  # fmt: skip
    try:
        output, _ = await process.communicate(source.encode("utf-8", "replace"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output if process.returncode == 0 else None


def _finding(each: _Diagnostic, first: int, last: int) -> Finding:
    """A fix that reaches beyond the rows is dropped."""
    start, end = each.location.place(), each.end_location.place()
    fix = tuple(
        Replacement(edit.location.place(), edit.end_location.place(), edit.content)
        for edit in (each.fix.edits if each.fix else ())
    )
    inside = all(first <= edit.start[0] and edit.end <= (last + 1, 0) for edit in fix)
    return Finding(
        code=each.code or "",
        message=each.message,
        url=each.url or "",
        start=start,
        end=end,
        fix=fix if inside else (),
    )


def _ruff(roots: Sequence[str], command: str, trusted: bool) -> str:
    """The configured ruff, else that of a trusted workspace, else the installed one."""
    if command:
        return command
    for root in roots if trusted else ():
        for environment in _ENVIRONMENTS:
            for name in ("bin/ruff", "Scripts/ruff.exe"):
                found = Path(root, environment, name)
                if found.is_file() and os.access(found, os.X_OK):
                    return str(found)
    beside = Path(sys.executable).with_name("ruff")
    if beside.is_file():  # belongs to the environment of this process, wherever that is
        return str(beside)
    found_on_path = find("ruff", () if trusted else roots)
    if found_on_path is None:
        raise FileNotFoundError("ruff is not installed")
    return found_on_path
