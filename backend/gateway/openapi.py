"""Describes the HTTP routes in ``/openapi.json``, from the structs that they decode and send.

The routes take and return raw requests and responses, which FastAPI cannot describe. So each route
names its structs in ``returns`` and ``takes``, and ``describe`` adds their schemas.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_REFERENCE = "#/components/schemas/{name}"
_MEANING = {
    200: "The answer.",
    400: "The request is not one of this API; the message says why.",
    401: "The caller is not known.",
    403: "A rail refused the text, or this web page may not ask.",
    404: "No such model is served here.",
    413: "Larger than `max_frame_bytes`, or than the model's context.",
    429: "Shed by admission, or over quota; `Retry-After` says when to come back.",
    500: "A defect of the backend.",
    501: "The model served here cannot do this.",
    502: "The server behind the backend failed.",
    503: "A part of the backend is down.",
    504: "The deadline passed before the answer.",
}

# The schema of one event. OpenAPI 3.1 has no other way to say it.
_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}

Responses = dict[int | str, dict[str, Any]]


def returns(sent: type, *refusals: int, error: type, streams: bool = False) -> Responses:
    """The responses of a route: ``sent`` as JSON with 200, and ``error`` with each of ``refusals``.

    A route that ``streams`` sends server-sent events too.
    """
    content = _json(sent) | ({"text/event-stream": {"schema": _EVENT}} if streams else {})
    described: Responses = {200: {"description": _MEANING[200], "content": content}}
    for status in refusals:
        described[status] = {"description": _MEANING[status], "content": _json(error)}
    return described


def takes(body: type) -> dict[str, Any]:
    """The body of a route, for ``openapi_extra``."""
    return {"requestBody": {"required": True, "content": _json(body)}}


def describe(app: FastAPI, structs: Sequence[type]) -> None:
    """Adds the schemas of ``structs``, and of the structs in them, to the document."""
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REFERENCE)

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            made.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _json(struct: type) -> dict[str, Any]:
    reference = _REFERENCE.format(name=struct.__name__)
    return {"application/json": {"schema": {"$ref": reference}}}
