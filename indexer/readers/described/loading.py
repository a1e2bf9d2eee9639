"""Loads JSON and YAML, and finds lines in them. Pure."""

import json
from collections.abc import Sequence
from typing import Any

import yaml

from indexer.readers.page import Unreadable
from indexer.readers.written.encoding import decoded


def loaded(data: bytes) -> tuple[str, dict[str, Any]]:
    """The text, and the object in it. Raises ``Unreadable``."""
    text, _ = decoded(data)
    try:
        found = json.loads(text) if text.lstrip()[:1] == "{" else yaml.load(text, yaml.CSafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise Unreadable(f"not JSON or YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(found, dict):
        raise Unreadable("not an object of JSON or YAML")
    return text, found


def line_of(text: str, keys: Sequence[str]) -> int:
    """The 1-based line of the last key, each found after the one before it."""
    at = 0
    for key in keys:
        places = (text.find(spelled, at) for spelled in (f'"{key}"', f"{key}:", f"'{key}'"))
        at = min((place for place in places if place >= 0), default=at)
    return text.count("\n", 0, at) + 1
