"""What the ``.gitignore`` files of a work tree leave out, as git reads them."""

from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

_LONGEST = 200_000  # bytes of a file of patterns
_STARS = 12  # wildcards of a pattern; each one more makes matching slower


class Ignored:
    """Patterns of the folders from the top of a work tree down. Outside one, nothing is ignored.
    A work tree may hold the root, or lie below it.

    A folder that is ignored itself, such as built documentation, was named on purpose: then only
    the patterns in it count.
    """

    def __init__(self, root: Path) -> None:
        self._specs: dict[Path, GitIgnoreSpec | None] = {}
        self._trees: dict[Path, bool] = {}
        self._root = root
        inside = (root, *root.parents)
        top = next((each for each in inside if self._is_tree(each)), None)
        self._top = top  # of the work tree around the root
        if top is not None and top != root:
            between = reversed(inside[: inside.index(top)])
            if any(self.has(each, folder=True) for each in between):
                self._top = root

    def has(self, path: Path, *, folder: bool = False) -> bool:
        """Whether the nearest pattern that says something about a path ignores it."""
        said: bool | None = None
        for parent in path.parents:
            if said is None and (spec := self._spec(parent)) is not None:
                relative = path.relative_to(parent).as_posix()
                said = spec.check_file(f"{relative}/" if folder else relative).include
            if parent == self._top or self._is_tree(parent):
                return bool(said)
            if parent == self._root and self._top is None:
                break
        return False

    def _is_tree(self, folder: Path) -> bool:
        if folder not in self._trees:
            self._trees[folder] = (folder / ".git").exists()
        return self._trees[folder]

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            own = folder / ".git" / "info" / "exclude"
            lines = [*_lines(own), *_lines(folder / ".gitignore")]
            self._specs[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._specs[folder]


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        if line.strip() and not line.startswith("#") and line.count("*") <= _STARS:
            yield line
