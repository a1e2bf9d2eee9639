"""Front matter: what stands above a page in YAML, TOML or JSON. Pure."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import yaml

_LONGEST = 20_000  # characters; people write a few hundred
_TITLES = ("title", "Title", "linkTitle", "sidebar_label", "name")
_TITLE_LINE = re.compile(r"title\s{0,9}[:=]\s{0,9}(.*)", re.IGNORECASE)


def taken(text: str) -> tuple[str, str]:
    """The title that the front matter gives, and the text with blank lines in its place."""
    lines = text.split("\n")
    mark = lines[0].rstrip()
    if mark in {"---", "+++"}:
        ends = {"---", "..."} if mark == "---" else {"+++"}
        end = next((i for i in range(1, len(lines)) if lines[i].rstrip() in ends), 0)
        if end and any(line.strip() for line in lines[1:end]):
            title = _title("\n".join(lines[1:end]), toml=mark == "+++")
            return title, "\n".join([*[""] * (end + 1), *lines[end + 1 :]])
    if mark == "{":  # Hugo's JSON: an object, alone at the top
        end = next((i for i in range(1, len(lines)) if lines[i].rstrip() == "}"), 0)
        if end and _object("\n".join(lines[: end + 1])) is not None:
            title = _named(_object("\n".join(lines[: end + 1])))
            return title, "\n".join([*[""] * (end + 1), *lines[end + 1 :]])
    return "", text


def _title(text: str, *, toml: bool) -> str:
    if len(text) <= _LONGEST:
        try:
            return _named(tomllib.loads(text) if toml else yaml.load(text, yaml.CSafeLoader))
        except (ValueError, RecursionError, yaml.YAMLError):
            pass  # the page is read nevertheless
    for line in text.split("\n"):
        if found := _TITLE_LINE.match(line):
            return found[1].strip().strip("\"'")
    return ""


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _named(found: Any) -> str:
    if not isinstance(found, dict):
        return ""
    names = (found.get(name) for name in _TITLES)
    return next((" ".join(str(name).split()) for name in names if isinstance(name, str | int)), "")
