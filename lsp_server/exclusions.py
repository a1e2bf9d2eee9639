"""Which files are never sent to the backend, whoever mentions them.

Names that tell of secrets, and what the workspace's ``.glossatorignore`` lists (the syntax of
``.gitignore``; ``!name`` lets one through).
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".glossatorignore"
SECRETS = """
.env
.env.*
!.env.example
!.env.sample
!.env.template
*.env
*.jks
*.kdbx
*.key
*.keystore
*.p12
*.pem
*.pfx
*.ppk
id_dsa*
id_ecdsa*
id_ed25519*
id_rsa*
!id_*.pub
.aws/
.docker/config.json
.git-credentials
.gnupg/
.htpasswd
.netrc
.npmrc
.pgpass
.pypirc
.ssh/
_netrc
credentials
"""
_DATA = ("csv", "ini", "json", "toml", "txt", "yaml", "yml")  # code may be named so, and is code
_PATTERNS = [
    *SECRETS.split(),
    *(f"{name}.{kind}" for name in ("credentials", "secrets") for kind in _DATA),
]


class Exclusions:
    """For the folders of one workspace; each ignore file is read again when it changes."""

    def __init__(self) -> None:
        self._specs: dict[Path, tuple[float, GitIgnoreSpec]] = {}

    def excluded(self, path: str, roots: Sequence[str]) -> bool:
        """Whether the file is never to be sent; links count by where they lead, too."""
        return any(
            self._matches(Path(each), roots) for each in {path, os.path.realpath(path)}
        )  # fmt: skip

    def _matches(self, path: Path, roots: Sequence[str]) -> bool:
        inside = [Path(root) for root in roots if path.is_relative_to(root)]
        for root in inside:
            if self._spec(root).match_file(path.relative_to(root)):
                return True
        return not inside and self._spec(None).match_file(str(path).lstrip("/"))

    def _spec(self, root: Path | None) -> "GitIgnoreSpec":
        from pathspec import GitIgnoreSpec

        key = root or Path()
        changed, text = _read(root / IGNORE_FILE) if root else (0.0, "")
        known = self._specs.get(key)
        if known is None or known[0] != changed:
            known = (changed, GitIgnoreSpec.from_lines([*_PATTERNS, *text.splitlines()]))
            self._specs[key] = known
        return known[1]


def _read(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.read_text("utf-8", "replace")
    except OSError:
        return 0.0, ""
