"""Profiles: defaults for a kind of machine, as TOML files beside this one."""

import tomllib
from importlib.resources import files
from typing import Annotated, Any

from msgspec import Struct

from backend.errors import StartupFailed
from backend.settings.kinds import doc

_SUFFIX = ".toml"


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults for a kind of machine; every explicit setting overrides them."""

    name: Annotated[
        str, doc("`laptop-cpu`, `one-gpu`, `cluster`, or empty for none; see docs/tuning.md.")
    ] = ""


def names() -> list[str]:
    """The names of all profiles."""
    folder = files("backend.settings") / "profiles"
    return sorted(
        entry.name.removesuffix(_SUFFIX)
        for entry in folder.iterdir()
        if entry.name.endswith(_SUFFIX)
    )


def read(name: str) -> dict[str, Any]:
    """The settings of a profile. Raises ``StartupFailed`` for one that does not exist."""
    if name not in names():
        raise StartupFailed(f"There is no profile {name!r}. There are: {', '.join(names())}.")
    return tomllib.loads((files("backend.settings") / "profiles" / (name + _SUFFIX)).read_text())
