"""OpenAPI and JSON Schema: operations and schemas are entries of their own."""

import json

import pytest

from indexer.readers import formats
from indexer.readers.page import Page, Unreadable

PETS = """openapi: 3.0.3
info:
  title: Pet store
  description: Keeps pets.
servers:
  - url: https://pets.example.com/v1
paths:
  /pets/{petId}:
    parameters:
      - $ref: '#/components/parameters/PetId'
    put:
      operationId: updatePet
      summary: Update a pet
      description: |
        # Careful
        Changes the QUOKKA.
      tags: [pets]
      parameters:
        - name: dryRun
          in: query
          required: true
          description: Change nothing.
          schema: {type: boolean, example: true}
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Pet'}
      responses:
        '200':
          description: The pet.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Pet'}
components:
  parameters:
    PetId:
      name: petId
      in: path
      required: true
      schema: {type: integer, format: int64}
  schemas:
    Pet:
      type: object
      description: An animal.
      required: [name]
      properties:
        name: {type: string, description: What it is called.}
        kind: {type: string, enum: [cat, dog]}
        parent: {$ref: '#/components/schemas/Pet'}
"""


def entries(name: str, text: str) -> dict[str, Page]:
    return {page.title: page for page in formats.read(name, text.encode())}


def test_an_operation_has_parameters_and_an_example() -> None:
    found = entries("pets.yaml", PETS)
    assert list(found) == ["Pet store", "PUT /pets/{petId}", "Pet"]
    assert "- `PUT /pets/{petId}` — Update a pet" in found["Pet store"].text
    operation = found["PUT /pets/{petId}"]
    assert (operation.symbol, operation.kind, operation.line) == ("updatePet", "function", 11)
    assert operation.text.startswith(
        "Update a pet\n\n**Careful**\nChanges the QUOKKA.\n\nParameters:\n"
        "    petId (path, integer (int64), required)\n"
        "    dryRun (query, boolean, required): Change nothing.\n"
        "    body (Pet)\n"
        "    body.name (string, required): What it is called.\n"
        "    body.kind (string, one of cat, dog)\n"
    )
    assert "Returns:\n    200: The pet. (Pet)" in operation.text
    assert "PUT /pets/{petId}?dryRun=True" in operation.text
    assert '"kind": "cat"' in operation.text
    assert found["Pet"].text.startswith("An animal.\n\nAttributes:\n    name (string, required)")


def test_swagger_2_and_json_are_read_too() -> None:
    api = {
        "swagger": "2.0",
        "info": {"title": "Old"},
        "definitions": {"A": {"type": "object", "properties": {"x": {"type": "integer"}}}},
        "paths": {"/a": {"post": {"parameters": [
            {"in": "body", "name": "a", "schema": {"$ref": "#/definitions/A"}}]}}},
    }  # fmt: skip
    found = entries("api.json", json.dumps(api, indent=1))
    assert "body.x (integer)" in found["POST /a"].text
    assert found["A"].kind == "class"


def test_a_json_schema_has_its_properties_and_definitions() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings",
        "properties": {"level": {"type": "string", "default": "info", "description": "How much."}},
        "$defs": {"port": {"type": "integer", "description": "A port."}},
    }
    found = entries("settings.schema.json", json.dumps(schema))
    assert found["Settings"].text == "## Properties\n\n- level (string, default info): How much."
    assert found["port"].text == "A port."


BOMB = "openapi: 3.0.0\na0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"name": "package"}', "neither OpenAPI nor a JSON schema"),
        ("openapi: [", "not JSON or YAML"),
        ("- openapi", "not an object"),
        ('{"a": ' * 100_000 + '"openapi"', "neither|not JSON|not an object"),
    ],
    ids=["other", "broken", "list", "deep"],
)
def test_what_is_no_description_is_left_out(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        formats.read("a.yaml", text.encode())


def test_aliases_that_multiply_do_nothing() -> None:
    (page,) = formats.read("a.yaml", BOMB.encode())
    assert len(page.text) < 1_000


@pytest.mark.parametrize("part", ["allOf", "oneOf", "properties"])
def test_schemas_that_refer_to_each_other_end(part: str) -> None:
    """Each of a hundred schemas refers to all of them."""
    every = [{"$ref": f"#/components/schemas/A{i}"} for i in range(100)]
    many = {f"p{i}": each for i, each in enumerate(every)} if part == "properties" else every
    api = {
        "openapi": "3.0.0",
        "paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {
            "schema": every[0]}}}}}},
        "components": {"schemas": {f"A{i}": {part: many} for i in range(100)}},
    }  # fmt: skip
    text = json.dumps(api)
    assert len(text) < 1_000_000
    found = entries("a.json", text)
    assert len(found["POST /a"].text) < 20_000
