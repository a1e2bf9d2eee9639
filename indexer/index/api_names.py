"""Which names a package really has, for names that somebody made up. Pure."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from indexer.types import Unknown

_ALIKE = 0.6  # difflib's ratio, from which a name may be what was meant


class ApiNames:
    """The public names of packages, by the module or class that they are in.

    Only what is listed whole can lack a name: nothing is said of what a function returns, of a
    module that makes up its names, or of a package that is not indexed.
    """

    def __init__(self, within: Mapping[str, Sequence[str]]) -> None:
        self._within = {path: frozenset(names) for path, names in within.items()}
        self._places: dict[str, list[str]] = {}  # where a name is, by the name alone
        for path, names in within.items():
            for name in names:
                self._places.setdefault(name, []).append(path)

    def unknown(self, name: str) -> Unknown | None:
        """The first part of a dotted name that does not exist; None where all of it may."""
        parts = name.split(".")
        for count in range(1, len(parts)):
            path, part = ".".join(parts[:count]), parts[count]
            names = self._within.get(path)
            if names is not None and part not in names and not part.startswith("_"):
                return Unknown(name, f"{path}.{part}", self._nearest(path, part))
        return None

    def _nearest(self, path: str, part: str) -> str:
        """The same name elsewhere in the package, or one like it in the same place; else ""."""
        top = path.partition(".")[0]
        homes = [home for home in self._places.get(part, ()) if home.partition(".")[0] == top]
        if homes:
            return f"{min(homes, key=lambda home: (home.count('.'), home))}.{part}"
        alike = get_close_matches(part, sorted(self._within[path]), 1, _ALIKE)
        return f"{path}.{alike[0]}" if alike else ""
