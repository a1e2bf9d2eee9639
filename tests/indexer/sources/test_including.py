"""Files that a page includes are read with it, where they are there, and never from outside."""

from pathlib import Path

import pytest

from indexer.chunkers import StructureChunker
from indexer.sources import FolderSource

EXAMPLE = "import os\n\n# tag::run[]\nrun('QUETZAL')\n# end::run[]\nstop()\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "guide").mkdir(parents=True)
    (tmp_path / "docs" / "examples").mkdir()
    (tmp_path / "docs" / "examples" / "a.py").write_text(EXAMPLE)
    (tmp_path / "secret.py").write_text("TOKEN = 'outside'\n")
    return tmp_path / "docs"


def read(docs: Path, name: str, text: str) -> tuple[dict[tuple[str, int | None], str], list[str]]:
    """The code of what is included, by section and line, and the notes."""
    (docs / "guide" / name).write_text(text)
    source = FolderSource(docs)
    chunks = [chunk for each in source.documents() for chunk in StructureChunker().chunks(each)]
    found = {(each.section, each.line): each.text for each in chunks if "a.py" in each.breadcrumb}
    return found, [why for _, why in source.noted]


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("a.rst", "Guide\n=====\n\nRun\n---\n\n.. literalinclude:: ../examples/a.py\n"
         "   :lines: 4-\n   :language: python\n", "run('QUETZAL')\n# end::run[]\nstop()"),
        ("b.rst", "Guide\n=====\n\nRun\n---\n\n.. literalinclude:: /examples/a.py\n"
         "   :start-after: import os\n   :end-before: stop\n",
         "# tag::run[]\nrun('QUETZAL')\n# end::run[]"),
        ("a.md", '# Guide\n\n\n## Run\n\n\n--8<-- "examples/a.py:4:4"\n', "run('QUETZAL')"),
        ("b.md", "# Guide\n\n\n## Run\n\n\n```{literalinclude} ../examples/a.py\n:lines: 4\n```\n",
         "run('QUETZAL')"),
        ("a.adoc", "= Guide\n\n\n== Run\n\n----\ninclude::../examples/a.py[tag=run]\n----\n",
         "run('QUETZAL')"),
    ],
)  # fmt: skip
def test_an_included_file_is_cited_where_it_is_included(
    docs: Path, name: str, text: str, shown: str
) -> None:
    found, notes = read(docs, name, text)
    assert found == {("Run", 7): f"```python\n{shown}\n```"}
    assert notes == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../../secret.py", "outside the folder of the source"),
        ("/../secret.py", "outside the folder of the source"),
        ("link.py", "outside the folder of the source"),
        ("gone.py", "not there"),
        ("../examples", "not there"),
    ],
)
def test_what_is_outside_or_gone_is_not_read(docs: Path, path: str, why: str) -> None:
    (docs / "guide" / "link.py").symlink_to(docs.parent / "secret.py")
    found, notes = read(docs, "a.rst", f"Words.\n\n.. literalinclude:: {path}\n")
    assert found == {}
    assert notes == [f"line 3 includes {path}, which is {why}"]
