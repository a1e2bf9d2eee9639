"""What the ``.gitignore`` files of a work tree leave out, as git reads them."""

from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

_LONGEST = 200_000  # bytes of a file of patterns
_STARS = 12  # wildcards of a pattern; each one more makes matching slower


class Ignored:
    """Patterns of the folders from the top of the work tree down. Outside one, nothing is ignored.

    A folder that is ignored itself, such as built documentation, was named on purpose: then only
    the patterns in it count.
    """

    def __init__(self, root: Path) -> None:
        top = next((each for each in (root, *root.parents) if (each / ".git").exists()), None)
        self._specs: dict[Path, GitIgnoreSpec | None] = {}
        self._top = top
        if top is not None and top != root:
            inside = [root, *root.parents]
            between = reversed(inside[: inside.index(top)])
            if any(self.has(each, folder=True) for each in between):
                self._top = root

    def has(self, path: Path, *, folder: bool = False) -> bool:
        """Whether the nearest pattern that says something about a path ignores it."""
        top = self._top
        if top is None:
            return False
        for parent in path.parents:
            spec = self._spec(parent)
            if spec is not None:
                relative = path.relative_to(parent).as_posix()
                said = spec.check_file(f"{relative}/" if folder else relative).include
                if said is not None:
                    return said
            if parent == top:
                break
        return False

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            lines = list(_lines(folder / ".gitignore"))
            if folder == self._top:
                lines = [*_lines(folder / ".git" / "info" / "exclude"), *lines]
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
