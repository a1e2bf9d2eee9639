"""Asks git what has changed in a workspace, without running anything that the workspace names.

A repository's configuration can name programs: a monitor, filters, diff drivers, hooks. Switching
off each by name would miss the next one. So git never reads that configuration here. It runs in an
empty repository of ours, and looks up the objects and the index of the workspace.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from lsp_server.workspace.programs import find, inside

SECONDS = 2.0
MOST_BYTES = 2**20  # of git's output; a prompt holds a hundredth of that
MOST_FILES = 500

_QUESTIONS = ("--show-toplevel", "--git-path", "objects", "--git-path", "index",
              "--show-object-format", "--verify", "HEAD")  # fmt: skip
# The user's own configuration may set these; what is harmless in a terminal is of no use here.
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false",
             "core.quotePath=false", "diff.external=", "submodule.recurse=false",
             "safe.bareRepository=explicit")  # fmt: skip
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color",
         "--ignore-submodules=all", "--relative")  # fmt: skip
_FORMATS = ("sha1", "sha256")


class NoChanges(Exception):
    """There is no repository, or git does not answer; the message says why."""


async def diff(folder: str, kept: Callable[[str], bool]) -> tuple[str, list[str]]:
    """What changed below ``folder`` since the last commit, and the names that were left out.

    Shows only files that ``kept`` allows. Raises ``NoChanges``.
    """
    try:
        async with asyncio.timeout(SECONDS):
            with tempfile.TemporaryDirectory(prefix="glossator-") as ours:
                commit, environment = await _borrowed(Path(ours), folder)
                listed = await _git(folder, environment, *_DIFF, "--name-only", "-z", commit, "--")
                names = [name for name in os.fsdecode(listed).split("\0")[:-1] if name]
                wanted = [name for name in names if _below(name) and kept(name)]
                left_out = sorted({*names} - {*wanted})
                if not wanted:
                    return "", left_out
                shown = wanted[:MOST_FILES]
                text = await _git(folder, environment, *_DIFF, commit, "--", *shown)
                return text.decode("utf-8", "replace"), left_out
    except TimeoutError as error:
        raise NoChanges(f"git took more than {SECONDS:g} s") from error
    except OSError as error:
        raise NoChanges(str(error)) from error


async def _borrowed(ours: Path, folder: str) -> tuple[str, dict[str, str]]:
    """The commit, and an environment in which git sees the workspace's files with our
    configuration.
    """
    # This only finds the repository and resolves a name. git reads no object here, which it might
    # fetch by a program that the workspace names.
    said = os.fsdecode(await _git(folder, {}, "rev-parse", *_QUESTIONS)).splitlines()
    if len(said) != 5:
        raise NoChanges(f"{folder} is no repository with a commit")
    top, objects, index, form, commit = said
    if form not in _FORMATS or not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise NoChanges(f"{folder} has a format that is not known")
    if not inside(folder, [top]):
        raise NoChanges(f"the repository of {folder} says that its files are elsewhere")
    (ours / "refs").mkdir()
    (ours / "HEAD").write_text("ref: refs/heads/none\n")
    version = "repositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"
    (ours / "config").write_text(
        f"[core]\n\t{version if form == 'sha256' else 'repositoryformatversion = 0'}\n"
    )
    return commit, {
        "GIT_DIR": str(ours),
        "GIT_WORK_TREE": top,
        "GIT_OBJECT_DIRECTORY": str(Path(folder, objects)),
        "GIT_INDEX_FILE": str(Path(folder, index)),
    }


async def _git(folder: str, environment: dict[str, str], *arguments: str) -> bytes:
    """The output of git, at most ``MOST_BYTES``. Raises ``NoChanges`` when git fails."""
    program = find("git", [folder])
    if program is None:
        raise NoChanges("git is not installed")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    safe = {
        "GIT_OPTIONAL_LOCKS": "0",  # git does not write the index, so it tells no hook
        "GIT_LITERAL_PATHSPECS": "1",  # a file name may look like a pattern
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # nothing is fetched, whatever is missing
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ATTR_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    process = await asyncio.create_subprocess_exec(
        program, "--no-pager", *options, *arguments,
        cwd=folder,
        env=inherited | safe | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    output = bytearray()
    try:
        while len(output) < MOST_BYTES and (piece := await process.stdout.read(65536)):
            output += piece
        if len(output) < MOST_BYTES and await process.wait():
            raise NoChanges(f"git {arguments[0]} failed in {folder}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return bytes(output[:MOST_BYTES])


def _below(name: str) -> bool:
    """Whether a name stays below the folder; an index can hold any name."""
    return not name.startswith("/") and ".." not in name.split("/")
