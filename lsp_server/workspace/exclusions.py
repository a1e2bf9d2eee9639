"""Decides which files never go to the backend, whoever mentions them, under any scheme.

These are files with names that suggest secrets (``indexer.screening.secret_files``), and those that
``.glossatorignore`` in the workspace lists. That file has the syntax of ``.gitignore``, but ignores
case. In a trusted workspace ``!name`` allows a file.
"""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.screening.secret_files import is_secret, paths
from lsp_server.workspace.regular_files import read_text

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".glossatorignore"
log = logging.getLogger(__name__)

_LARGEST_LIST = 64 * 2**10
_MOST_STARS = 4  # in a pattern; each star multiplies the time that matching one name may take


class Exclusions:
    """The exclusions of one workspace. Each ignore file is read again when it changes."""

    def __init__(self) -> None:
        self._specs: dict[Path, tuple[float, GitIgnoreSpec]] = {}

    def excluded_uri(self, uri: str, roots: Sequence[str], *, trusted: bool = False) -> bool:
        """Whether a document must not be sent, for ``file:`` and every other scheme."""
        return any(self.excluded(path, roots, trusted=trusted) for path in paths(uri))

    def excluded(self, path: str, roots: Sequence[str], *, trusted: bool = False) -> bool:
        """Whether a file must not be sent. For a link, the file that it leads to
        counts as well.
        """
        both = {path, os.path.realpath(path)} if Path(path).is_absolute() else {path}
        return any(self._matches(Path(each), roots, trusted) for each in both)

    def _matches(self, path: Path, roots: Sequence[str], trusted: bool) -> bool:
        inside = [Path(root) for root in roots if path.is_relative_to(root)]
        for root in inside:
            relative = path.relative_to(root)
            listed = self._spec(root).check_file(str(relative).casefold()).include
            let_through = listed is False and trusted
            if listed or (is_secret(str(relative)) and not let_through):
                return True
        return not inside and is_secret(str(path))

    def _spec(self, root: Path) -> "GitIgnoreSpec":
        from pathspec import GitIgnoreSpec

        changed, text = _read(root / IGNORE_FILE)
        known = self._specs.get(root)
        if known is None or known[0] != changed:
            lines = text.casefold().splitlines()
            bearable = [line for line in lines if len(re.findall(r"\*+", line)) <= _MOST_STARS]
            if len(bearable) < len(lines):
                log.warning("%s: a pattern has more than %d stars", root / IGNORE_FILE, _MOST_STARS)
            known = self._specs[root] = (changed, GitIgnoreSpec.from_lines(bearable))
        return known[1]


def _read(path: Path) -> tuple[float, str]:
    try:
        changed = path.stat().st_mtime
    except OSError:
        return 0.0, ""
    return changed, read_text(path, _LARGEST_LIST)
