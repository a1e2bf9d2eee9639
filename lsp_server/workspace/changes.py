"""What git says has changed in a workspace, without running anything that the workspace names.

A repository's own configuration can name programs: a monitor, filters, diff drivers, hooks.
Switching each off by name would miss the next one. So git never reads that configuration here: it
is given an empty repository of ours, and looks up the objects and the index of theirs.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from lsp_server.workspace.programs import find, inside

SECONDS = 2.0
MOST_BYTES = 2**20  # of what git prints: a prompt holds a hundredth of it
MOST_FILES = 500

_QUESTIONS = ("--show-toplevel", "--git-path", "objects", "--git-path", "index",
              "--show-object-format", "--verify", "HEAD")  # fmt: skip
# Of the user's own configuration; what is harmless in their terminal is of no use here.
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false",
             "core.quotePath=false", "diff.external=", "submodule.recurse=false",
             "safe.bareRepository=explicit")  # fmt: skip
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color",
         "--ignore-submodules=all", "--relative")  # fmt: skip
_FORMATS = ("sha1", "sha256")


class NoChanges(Exception):
    """There is no repository, or git does not say what has changed in it; the message says why."""


async def diff(folder: str, kept: Callable[[str], bool]) -> tuple[str, list[str]]:
    """What has changed below ``folder`` since the last commit, and the names that were left out.

    Only files whose name ``kept`` lets through are shown. Raises ``NoChanges``.
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
    """The commit, and the environment in which git looks at their files with our configuration."""
    # This only finds the repository and resolves a name: git reads neither its index nor an object,
    # which it might fetch by a program of theirs.
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
    """What git prints, up to ``MOST_BYTES``. Raises ``NoChanges`` where it fails."""
    program = find("git", [folder])
    if program is None:
        raise NoChanges("git is not installed")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    safe = {
        "GIT_OPTIONAL_LOCKS": "0",  # their index is not written, and no hook told of it
        "GIT_LITERAL_PATHSPECS": "1",  # a file may be called like a pattern
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
    """An index can hold any name, also one that leads out."""
    return not name.startswith("/") and ".." not in name.split("/")
