"""A git repository at a branch, tag or commit, as a folder. Only this file runs ``git``.

It fetches without history, hooks, submodules, large-file downloads or prompts; a repository that
asks for a password fails. Links are checked out as text, so none leads outside.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from indexer.sources.limits import Limits
from indexer.types import SourceError

_SCP = re.compile(r"[\w.-]+@[\w.-]+:(?!/)")  # git@host:path
_URL = re.compile(r"(https?|ssh|git|file)://", re.I)
_AT_ONCE = 1 << 16  # bytes of git's output
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20",
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_NO_LAZY_FETCH": "1",  # a local repository could name the program that fetches
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
_SETTINGS = ("core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false",
             "submodule.recurse=false", "advice.detachedHead=false", "gc.auto=0",
             "protocol.ext.allow=never", "http.lowSpeedLimit=1000",
             "http.lowSpeedTime=60")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkout:
    """``version`` is the requested tag, else the first twelve digits of the commit."""

    folder: Path
    version: str
    commit: str


@dataclass(frozen=True, slots=True)
class Repository:
    """An address, and a branch, tag or commit; "" means what the repository
    has checked out itself.
    """

    url: str
    ref: str = ""

    @property
    def title(self) -> str:
        name = re.split(r"[/:]", self.url.rstrip("/"))[-1].removesuffix(".git")
        return name if name not in {"", ".", ".."} else "repository"


def parse(uri: str) -> Repository:
    """``/path``, ``https://host/repo.git@v1.2``, ``git@host:repo@main``. Raises ``SourceError``."""
    url, ref = uri, ""
    prefix = _URL.match(uri) or _SCP.match(uri)
    start = prefix.end() if prefix else 0
    if _URL.match(uri) and "/" in uri[start:]:
        start = uri.index("/", start)  # a user name also stands before an @
    at = uri.find("@", start)
    if at > 0 and not (prefix is None and Path(uri).expanduser().exists()):
        url, ref = uri[:at], uri[at + 1 :]
    if prefix is None:
        path = Path(url).expanduser().resolve()
        if not path.is_dir():
            raise SourceError(
                f"There is no repository {url}: write git:PATH or git:URL, and @BRANCH or @TAG "
                "after it to read another one than the default."
            )
        url = path.as_uri()
    if ref.startswith("-") or re.search(r"[\s\0-\x1f~^:?*\[\\]", ref) or ".." in ref:
        raise SourceError(f"{ref!r} is not the name of a branch, tag or commit.")
    return Repository(url, ref)


def checkout(repository: Repository, folder: Path, limits: Limits) -> Checkout:
    """Checks out the repository's files into ``folder``, which is made or updated.

    A few kilobytes can unpack to millions of files, so everything over the limits is refused before
    the checkout. Raises ``SourceError``.
    """
    if shutil.which("git") is None:
        raise SourceError("Reading repositories needs git, which is not installed.")

    def git(*arguments: str) -> str:
        return _git(folder, arguments, limits, repository)

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").is_dir():
        git("init", "--quiet", "--template=")
    name, commit, version = _resolve(repository, git)
    if not _is_at(commit, git):
        # The files of an interrupted run would be in the way.
        (folder / ".git" / "shallow.lock").unlink(missing_ok=True)
        (folder / ".git" / "index.lock").unlink(missing_ok=True)
        git("fetch", "--quiet", "--depth=1", "--no-tags", "--force", "--no-recurse-submodules",
            "--end-of-options", repository.url, name)  # fmt: skip
        _check_size(folder, limits, repository)
        git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        git("clean", "--quiet", "-ffdx")
        commit = git("rev-parse", "HEAD").strip()
    return Checkout(folder, version or commit[:12], commit)


def links(repository: Repository, commit: str) -> Callable[[PurePosixPath], str] | None:
    """Returns a function that makes the address where a forge shows a file; None for unknown
    forges.
    """
    found = re.fullmatch(r"https://([\w.-]*)/([\w./-]+?)(\.git)?/?", repository.url)
    if found is None:
        return None
    host, path = found[1], found[2]
    if host == "github.com":
        return lambda file: f"https://{host}/{path}/blob/{commit}/{file}"
    if host.split(".")[0] == "gitlab":
        return lambda file: f"https://{host}/{path}/-/blob/{commit}/{file}"
    return None


def _resolve(repository: Repository, git: Callable[..., str]) -> tuple[str, str, str]:
    """What to fetch, its commit if that is known, and the version if it is a tag."""
    ref = repository.ref
    if _COMMIT.fullmatch(ref):
        return ref, ref, ""
    wanted = [f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", f"refs/heads/{ref}"] if ref else ["HEAD"]
    listed = git("ls-remote", "--quiet", "--end-of-options", repository.url, *wanted)
    found = {name: commit for commit, _, name in (
        line.partition("\t") for line in listed.splitlines())}  # fmt: skip
    for name in wanted:
        if name in found:
            version = ref if name.startswith("refs/tags/") else ""
            return name.removesuffix("^{}"), found[name], version
    raise SourceError(
        f"{repository.url} has no branch or tag {ref!r}." if ref else
        f"{repository.url} is empty: it has no commit."
    )  # fmt: skip


def _is_at(commit: str, git: Callable[..., str]) -> bool:
    """Whether this commit is completely checked out."""
    try:
        return git("rev-parse", "--verify", "--quiet", "HEAD").strip() == commit and not git(
            "status", "--porcelain", "--ignored", "--untracked-files=all"
        )
    except SourceError:
        return False


def _check_size(folder: Path, limits: Limits, of: Repository) -> None:
    """Counts the files of FETCH_HEAD, and stops counting at the limit."""
    listing = ("ls-tree", "-r", "-l", "-z", "--full-tree", "FETCH_HEAD")
    with subprocess.Popen(
        _command(listing, limits), cwd=folder, env=_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        ends = time.monotonic() + limits.seconds
        files = size = 0
        left = b""
        while block := process.stdout.read(_AT_ONCE):
            *entries, left = (left + block).split(b"\0")
            files += len(entries)
            size += sum(int(each.split(None, 4)[3]) for each in entries if b" blob " in each)
            if files > limits.documents or size > limits.total_bytes or time.monotonic() > ends:
                process.kill()
                raise SourceError(
                    f"{of.url} has more than {limits.documents:,} files or "
                    f"{limits.total_bytes:,} bytes: read a folder of a checkout of yours instead."
                )


def _command(arguments: Sequence[str], limits: Limits) -> list[str]:
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    # POSIX counts blocks of 512 bytes. The limit applies to each file, and to the pack as well.
    most = str(limits.total_bytes // 512 + 1)
    return ["sh", "-c", 'ulimit -f "$0" && exec git "$@"', most, *options, *arguments]


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return inherited | _ENVIRONMENT


def _git(folder: Path, arguments: Sequence[str], limits: Limits, of: Repository) -> str:
    try:
        process = subprocess.run(
            _command(arguments, limits),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"{of.url}: git took more than {limits.seconds:.0f} s.") from error
    if process.returncode:
        said = process.stderr.decode("utf-8", "replace").strip().splitlines()
        why = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1:])
        raise SourceError(f"{of.url} cannot be read: {why or 'it is larger than the limit'}")
    return process.stdout.decode("utf-8", "replace")
