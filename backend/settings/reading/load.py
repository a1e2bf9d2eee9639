"""Reads settings from a profile, a TOML file, the environment and the command line."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from backend.errors import StartupFailed
from backend.settings import profile
from backend.settings.reading.mistakes import mistakes
from backend.settings.reading.variables import from_environ
from backend.settings.tree import Settings


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings; ``overrides`` come from the command line.

    Raises ``StartupFailed``, which names every mistake with its file, or that it is in the
    environment, and says what would be right.
    """
    said: list[tuple[str, Mapping[str, Any]]] = [
        ("environment", from_environ(environ)),
        ("command line", overrides or {}),
    ]
    if path:
        said.insert(0, (f"settings file {path}", _read(path)))
    _check(said)
    settings = _applied(Settings(), said)
    chosen = settings.profile.name
    if not chosen:
        return settings
    # Each of them may choose the profile, and all of them override it.
    return _applied(_apply(Settings(), profile.read(chosen), f"profile {chosen}"), said)


def _check(said: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Raises ``StartupFailed`` with all mistakes, so that they can be mended in one go."""
    found = [
        f"{origin}: {mistake}" for origin, values in said for mistake in mistakes(values, Settings)
    ]
    if found:
        count = [f"The settings have {len(found)} mistakes."] if len(found) > 1 else []
        raise StartupFailed("\n".join([*count, *found, "Known settings: docs/settings.md"]))


def _applied(settings: Settings, said: Iterable[tuple[str, Mapping[str, Any]]]) -> Settings:
    for origin, values in said:
        settings = _apply(settings, values, origin)
    return settings


def _apply(settings: Settings, values: Mapping[str, Any], origin: str) -> Settings:
    try:
        merged = _merge(msgspec.to_builtins(settings), values)
        # Not strict: the environment gives every value as text.
        return msgspec.convert(merged, Settings, strict=False)
    except (msgspec.ValidationError, TypeError) as error:
        raise StartupFailed(f"{origin}: {error}. Known settings: docs/settings.md") from None


def _merge(base: Mapping[str, Any], over: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(merged.get(key), Mapping):
            if not isinstance(value, Mapping):
                raise TypeError(f"`{at}{key}` is a table: [{at}{key}]")
            value = _merge(merged[key], value, f"{at}{key}.")
        merged[key] = value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StartupFailed(f"settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupFailed(f"settings file {path}: {error}") from error
