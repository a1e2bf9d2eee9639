"""Reads OpenAPI 3 and Swagger 2: operations are entries with parameters and examples. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from indexer.readers.described.loading import line_of
from indexer.readers.described.schemas import (
    entry,
    example,
    kind,
    mapping,
    properties,
    resolved,
    words,
)
from indexer.readers.page import Page

_METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")
_OPERATIONS = 5_000
_EXAMPLE = 2_000  # characters


def read(api: Mapping[str, Any], text: str) -> Iterator[Page]:
    """The page of the API, its operations, and its schemas."""
    info = mapping(api.get("info"))
    operations = list(_operations(api))[:_OPERATIONS]
    listed = [
        f"- `{method.upper()} {path}`{' — ' * bool(said)}{said}"
        for path, method, operation, _ in operations
        if (said := _summary(operation)) is not None
    ]
    parts = [_text(info.get("description")), *_servers(api)]
    if listed:
        parts += ["## Operations", "\n".join(listed)]
    title = words(info.get("title"))
    yield Page("\n\n".join(filter(None, parts)) or title or "An API", title)
    for path, method, operation, shared in operations:
        yield _operation(api, path, method, operation, shared, text)
    holders = (mapping(mapping(api.get("components")).get("schemas")), api.get("definitions"))
    for holder in holders:
        for name, each in mapping(holder).items():
            yield from entry(name, mapping(each), api, line_of(text, [name]))


def _operations(
    api: Mapping[str, Any],
) -> Iterator[tuple[str, str, Mapping[str, Any], list[Any]]]:
    """Path, method, operation, and the parameters that the path gives to all of its operations."""
    for name in ("paths", "webhooks"):
        for path, item in mapping(api.get(name)).items():
            item = resolved(mapping(item), api)
            shared = item.get("parameters")
            for method in _METHODS:
                if isinstance(item.get(method), dict):
                    yield path, method, item[method], shared if isinstance(shared, list) else []


def _operation(
    api: Mapping[str, Any],
    path: str,
    method: str,
    operation: Mapping[str, Any],
    shared: list[Any],
    text: str,
) -> Page:
    place = f"{method.upper()} {path}"
    own = operation.get("parameters")
    parameters = [
        resolved(mapping(each), api) for each in (*shared, *(own if isinstance(own, list) else ()))
    ]
    body = _body(operation, parameters, api)
    parts = [
        _summary(operation) or place,
        _text(operation.get("description")),
        "Deprecated." if operation.get("deprecated") is True else "",
        _section("Parameters:", _parameters(parameters, body, api)),
        _section("Returns:", _responses(mapping(operation.get("responses")), api)),
        _section("Example:", _example(place, parameters, body, api)),
    ]
    tags = operation.get("tags")
    return Page(
        "\n\n".join(filter(None, parts)),
        place,
        kind="function",
        symbol=words(operation.get("operationId")) or place,
        signature=place,
        section=words(tags[0]) if isinstance(tags, list) and tags else "",
        line=line_of(text, [path, method]),
    )


def _parameters(
    parameters: list[Mapping[str, Any]], body: Mapping[str, Any], api: Mapping[str, Any]
) -> Iterator[str]:
    for each in parameters:
        if each.get("in") == "body":
            continue
        schema = mapping(each.get("schema")) or each
        required = ["required"] if each.get("required") is True else []
        said = filter(None, [words(each.get("in")), kind(schema), *required])
        about = words(each.get("description"))
        yield f"{words(each.get('name'))} ({', '.join(said)}){': ' * bool(about)}{about}"
    if body:
        yield f"body ({kind(body) or 'object'})"
        yield from (f"body.{each}" for each in properties(body, api))


def _responses(responses: Mapping[str, Any], api: Mapping[str, Any]) -> Iterator[str]:
    for code, each in responses.items():
        each = resolved(mapping(each), api)
        schema = mapping(each.get("schema")) or _media(each)[0]
        of = kind(schema)
        yield f"{code}: {words(each.get('description'))}{f' ({of})' if of else ''}"


def _example(
    place: str,
    parameters: list[Mapping[str, Any]],
    body: Mapping[str, Any],
    api: Mapping[str, Any],
) -> Iterator[str]:
    query = [
        f"{words(each.get('name'))}={words(_value(each, api))}"
        for each in parameters
        if each.get("in") == "query" and (each.get("required") is True or "example" in each)
    ]
    shown = [place + ("?" + "&".join(query) if query else "")]
    if body:
        value = body["x-example"] if "x-example" in body else example(body, api)
        shown += json.dumps(value, indent=2, default=str, ensure_ascii=False)[:_EXAMPLE].split("\n")
    yield from ("```http", *shown, "```")


def _value(parameter: Mapping[str, Any], api: Mapping[str, Any]) -> Any:
    if "example" in parameter:
        return parameter["example"]
    return example(mapping(parameter.get("schema")) or parameter, api)


def _body(
    operation: Mapping[str, Any], parameters: list[Mapping[str, Any]], api: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The schema of what is sent, with the example that is given for it as ``x-example``."""
    sent = resolved(mapping(operation.get("requestBody")), api)
    schema, given = _media(sent)
    if not schema:
        schema = next((mapping(each.get("schema")) for each in parameters
                       if each.get("in") == "body"), {})  # fmt: skip
    return {**schema, "x-example": given} if given is not None else schema


def _media(holder: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
    """The schema and the example of the first kind of content, JSON before all others."""
    content = mapping(holder.get("content"))
    for name in sorted(content, key=lambda each: "json" not in each):
        media = mapping(content[name])
        given = media.get("example")
        for each in mapping(media.get("examples")).values():
            given = given if given is not None else mapping(each).get("value")
        return mapping(media.get("schema")), given
    return {}, None


def _servers(api: Mapping[str, Any]) -> Iterator[str]:
    servers = api.get("servers")
    urls = (
        [words(mapping(each).get("url")) for each in servers] if isinstance(servers, list) else []
    )
    if api.get("host"):
        urls.append(f"{words(api['host'])}{words(api.get('basePath'))}")
    if any(urls):
        yield f"Servers: {', '.join(filter(None, urls))}"


def _summary(operation: Mapping[str, Any]) -> str:
    return words(operation.get("summary"))


def _section(title: str, lines: Iterator[str]) -> str:
    body = [f"    {line}" for line in lines]
    return "\n".join([title, *body]) if body else ""


def _text(found: Any) -> str:
    """A description in Markdown; its headings would be those of the page."""
    if not isinstance(found, str):
        return ""
    return "\n".join(f"**{line.lstrip('# ')}**" if line.startswith("#") else line
                     for line in found.strip().split("\n"))  # fmt: skip
