"""Fetches the corpora of the question sets beside it, which ``sources.toml`` declares.

``python tests/data/questions/fetch.py [--wide] [FOLDER]``, the folder being ``build/corpora`` by
default. With ``--wide`` it fetches those of ``wide/sources.toml`` instead.
Debian's packages come from ``apt-get download`` (Debian 12) and are unpacked, not installed;
Python's come from pip, at exact versions, into an environment of their own. What is there already
is left as it is.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

DEBIAN = (
    "curl",
    "findutils",
    "i3-wm",
    "jq",
    "libglib2.0-doc",
    "openssh-client",
    "openssh-server",
    "python-pytest-doc",
    "rsync",
    "systemd",
    "tar",
    "tig",
    "tmux",
)
WIDE = (
    "apache2-doc",
    "borgbackup-doc",
    "debian-reference-en",
    "gawk",
    "herbstluftwm",
    "iproute2",
    "kitty-doc",
    "libcairo2-doc",
    "libsoup-3.0-doc",
    "lvm2",
    "mpv",
    "newsboat",
    "nmap",
    "screen",
    "weechat-doc",
    "wget",
    "zsh-common",
)
PYTHON = ("numpy==2.3.5", "pandas==2.3.3", "pytz==2025.2", "python-dateutil==2.9.0.post0")


def main() -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            sys.exit(f"There is no {program}: fetch the corpora on Debian 12.")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--wide", action="store_true", help="The corpora of wide/sources.toml.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/corpora"))
    given = parser.parse_args()
    corpora: Path = given.folder
    corpora.mkdir(parents=True, exist_ok=True)
    for package in WIDE if given.wide else DEBIAN:
        if not (corpora / package).is_dir():
            print(package, file=sys.stderr)
            unpack(package, corpora)
    if given.wide:
        return
    environment = corpora / "python"
    complete = environment / "complete"  # written last, so that an interrupted run is repeated
    if not complete.is_file():
        print(*PYTHON, file=sys.stderr)
        venv.create(environment, with_pip=True, clear=True)
        run(environment / "bin" / "pip", "install", "--quiet", *PYTHON)
        complete.touch()


def unpack(package: str, corpora: Path) -> None:
    """Unpacks beside the final place first, so that an interrupted run leaves no half package."""
    with tempfile.TemporaryDirectory(dir=corpora) as folder:
        here = Path(folder)
        here.chmod(0o755)  # apt reads and writes as a user of its own
        run("apt-get", "download", "--quiet", package, cwd=here)
        (archive,) = here.glob("*.deb")
        run("dpkg-deb", "--extract", archive, here / "files")
        (here / "files").rename(corpora / package)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run([str(each) for each in command], cwd=cwd, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{' '.join(str(each) for each in command)} failed; see above.")


if __name__ == "__main__":
    main()
