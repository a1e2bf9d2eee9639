"""Notebooks: cells in order, code as code, headings that lead back to their cell."""

import json
from typing import Any

import pytest

from indexer.chunkers import HeadingChunker
from indexer.readers import notebook
from indexer.readers.page import Unreadable
from indexer.types import Document


def made(*cells: dict[str, Any]) -> bytes:
    whole = {"cells": [{"metadata": {}, **cell} for cell in cells], "nbformat": 4,
             "metadata": {"language_info": {"name": "python"}}}  # fmt: skip
    return json.dumps(whole, indent=1, sort_keys=True).encode()


MARKDOWN = {"cell_type": "markdown", "source": ["# Fitting\n", "\n", "Words.\n"]}
CODE = {"cell_type": "code", "source": ["# not a heading\n", "fit(x)"],
        "outputs": [{"output_type": "stream", "text": ["fitted\n"]},
                    {"output_type": "execute_result", "data": {"text/plain": ["0.5"]}},
                    {"output_type": "display_data", "data": {"image/png": "aGVsbG8="}}],
        }  # fmt: skip
MORE = {"cell_type": "markdown", "source": "## Plot\n\n```\n# code\n```\n"}


def test_cells_become_sections_with_code_and_what_it_printed() -> None:
    (page,) = notebook.read(made(MARKDOWN, CODE, MORE))
    places = [line for line in page.text.split("\n") if "{line=" in line]
    assert [line.split(" {")[0] for line in places] == ["# Fitting", "## Plot"]
    assert "```python\n# not a heading\nfit(x)\n```\n\n```\nfitted\n```\n\n```\n0.5\n```" in (
        page.text
    )
    assert "aGVsbG8" not in page.text


def test_a_citation_opens_the_cell_in_the_file() -> None:
    data = made(MARKDOWN, CODE, MORE)
    (page,) = notebook.read(data)
    document = Document("s", "file:///a.ipynb", "Fitting", page.text, language="markdown")
    lines = data.decode().split("\n")
    for chunk in HeadingChunker().chunks(document):
        assert chunk.line is not None
        assert '"cell_type": "markdown"' in lines[chunk.line - 1]


def test_long_output_is_cut() -> None:
    printed = {"output_type": "stream", "text": "x" * 100_000}
    (page,) = notebook.read(made({"cell_type": "code", "source": "f()", "outputs": [printed]}))
    assert len(page.text) < 2_000


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"worksheets": []}', b"[" * 100_000, b'{"cells": 1}', b"\xff"]
)
def test_what_is_no_notebook_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        list(notebook.read(data))


def test_odd_cells_are_passed_over() -> None:
    data = json.dumps({"cells": [1, None, {}, {"cell_type": "code", "source": None}, MARKDOWN]})
    (page,) = notebook.read(data.encode())
    assert page.text.startswith("# Fitting")
