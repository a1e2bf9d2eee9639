"""Describes schemas in words: types, properties, examples. Pure.

A schema may refer to itself, so everything here has a depth.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from indexer.readers.described.loading import line_of
from indexer.readers.page import Page

_DEPTH = 4
_VALUES = 12  # of an enumeration
_PROPERTIES = 300
_PARTS = 30  # parts of a schema, also indirect ones
_VISITED = 500  # schemas that an example is made from
_HOPS = 8  # references that lead to references
_EXAMPLES = {"integer": 0, "number": 0.5, "boolean": True, "null": None}


def read(schema: Mapping[str, Any], text: str) -> Iterator[Page]:
    """The schema as a page, and each of its definitions as an entry."""
    title = words(schema.get("title")) or words(schema.get("$id"))
    parts = [words(schema.get("description")), *_attributes(schema, schema, "## Properties")]
    body = "\n\n".join(filter(None, parts))
    yield Page(body or title or "A JSON schema", title)
    for key in ("$defs", "definitions"):
        for name, each in mapping(schema.get(key)).items():
            yield from entry(name, mapping(each), schema, line_of(text, [key, name]))


def entry(
    name: str, schema: Mapping[str, Any], root: Mapping[str, Any], line: int
) -> Iterator[Page]:
    """A schema under its name."""
    parts = [words(schema.get("description")), *_attributes(schema, root, "Attributes:")]
    values = schema.get("enum")
    if isinstance(values, list):
        parts.append(f"One of {', '.join(map(words, values[:50]))}.")
    body = "\n\n".join(filter(None, parts))
    if body:
        yield Page(body, name, kind="class", symbol=name, signature=name, line=line,
                   section="Schemas")  # fmt: skip


def _attributes(schema: Mapping[str, Any], root: Mapping[str, Any], heading: str) -> Iterator[str]:
    found = list(properties(schema, root))
    if found:
        indent = "    " if heading.endswith(":") else "- "
        yield "\n".join([heading, *([""] * (indent == "- ")), *(indent + each for each in found)])


def properties(
    schema: Mapping[str, Any], root: Mapping[str, Any], seen: set[int] | None = None
) -> Iterator[str]:
    """``name (string, required): What it is.`` for each property, also those of its parts.

    ``seen`` holds the schemas that were described, because parts may refer to each other.
    """
    seen = set() if seen is None else seen
    schema = resolved(schema, root)
    if id(schema) in seen or len(seen) > _PARTS:
        return
    seen.add(id(schema))
    required = schema.get("required")
    for name, each in list(mapping(schema.get("properties")).items())[:_PROPERTIES]:
        each = mapping(each)
        needed = isinstance(required, list) and name in required
        said = [kind(each), "required" if needed else ""]
        if "default" in each:
            said.append(f"default {words(each['default'])}")
        about = words(each.get("description")) or words(resolved(each, root).get("description"))
        yield f"{name} ({', '.join(filter(None, said))}){': ' * bool(about)}{about}"
    for part in ("allOf", "oneOf", "anyOf"):
        several = schema.get(part)
        for each in several[:_PARTS] if isinstance(several, list) else ():
            yield from properties(mapping(each), root, seen)


def kind(schema: Mapping[str, Any], depth: int = 0) -> str:
    """``array of Pet``, ``string, one of a, b``, ``integer (int64)``."""
    if isinstance(schema.get("$ref"), str):
        return str(schema["$ref"]).rpartition("/")[2]
    name = schema.get("type")
    named = " or ".join(map(str, name)) if isinstance(name, list) else words(name)
    if named == "array" and depth < _DEPTH:
        of = kind(mapping(schema.get("items")), depth + 1)
        named = f"array of {of}" if of else named
    values = schema.get("enum")
    if isinstance(values, list) and values:
        named = f"{named}, one of {', '.join(map(words, values[:_VALUES]))}".lstrip(", ")
    if not named and depth < _DEPTH:
        for part in ("oneOf", "anyOf", "allOf"):
            if isinstance(schema.get(part), list):
                named = " or ".join(
                    filter(None, (kind(mapping(each), depth + 1) for each in schema[part][:6]))
                )
    return f"{named} ({words(schema['format'])})" if schema.get("format") else named


def example(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """What the schema gives as an example, or else a value that it would allow."""
    return _Example(root).of(schema, 0)


class _Example:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._visited = 0

    def of(self, schema: Mapping[str, Any], depth: int) -> Any:
        schema = resolved(schema, self._root)
        for key in ("example", "default", "const"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if isinstance(schema.get(key), list) and schema[key]:
                return schema[key][0]
        self._visited += 1
        if depth > _DEPTH or self._visited > _VISITED:
            return None
        for part in ("oneOf", "anyOf"):
            if isinstance(schema.get(part), list) and schema[part]:
                return self.of(mapping(schema[part][0]), depth + 1)
        if isinstance(schema.get("allOf"), list):
            merged: dict[str, Any] = {}
            for each in schema["allOf"][:6]:
                found = self.of(mapping(each), depth + 1)
                merged.update(found if isinstance(found, dict) else {})
            return merged
        if schema.get("type") == "array":
            return [self.of(mapping(schema.get("items")), depth + 1)]
        if "properties" in schema or schema.get("type") == "object":
            some = list(mapping(schema.get("properties")).items())[:20]
            return {name: self.of(mapping(each), depth + 1) for name, each in some}
        return _EXAMPLES.get(str(schema.get("type")), "string")


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference within the same document leads to."""
    for _ in range(_HOPS):
        place = schema.get("$ref")
        if not isinstance(place, str) or not place.startswith("#/"):
            break
        found: Any = root
        for part in place[2:].split("/"):
            found = mapping(found).get(part.replace("~1", "/").replace("~0", "~"))
        if not isinstance(found, dict):
            break
        schema = found
    return schema


def mapping(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        return {}
    return found if all(isinstance(key, str) for key in found) else {
        str(key): value for key, value in found.items()
    }  # fmt: skip


def words(found: Any) -> str:
    """A value on one line; "" for what is none."""
    return "" if found is None or isinstance(found, dict | list) else " ".join(str(found).split())
