"""The protocol's page in the docs is the generated one."""

from pathlib import Path

from backend.gateway import reference as wire_reference

PAGE = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_the_page_in_the_docs_is_the_generated_one():
    assert PAGE.read_text() == wire_reference.page(), "run `make docs`"
