"""The benchmark of sources writes every format so that it is read again, and adds up."""

from pathlib import Path

import pytest

from indexer.chunkers import StructureChunker
from indexer.sources import open_source
from indexer.types import Document
from loadtest.benchmarks.retrieval.chunking import FORMATS, Figures, cut, table, write

ENTRIES = [
    Document("package:p", "file:///p.py", f"p.f{i}", f"Does {i} things.\n\nAnd no more.",
             "function", symbol=f"p.f{i}", signature=f"p.f{i}(x)")
    for i in range(20)
]  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_holds_every_entry(tmp_path: Path, kind: str) -> None:
    suffix, made = FORMATS[kind]
    write(tmp_path / "pages", suffix, ENTRIES, made)
    figures, chunks = cut(kind, open_source(f"folder:{tmp_path / 'pages'}"), StructureChunker())
    text = "\n".join(chunk.text for chunk in chunks)
    assert all(f"Does {i} things." in text for i in range(20))
    assert (figures.chunks, figures.documents) == (len(chunks), 23 if suffix == ".html" else 3)


def test_the_share_is_of_reading_and_embedding_together() -> None:
    figures = Figures("x", 10, 100, 1.0)
    assert figures.rate == 100
    assert figures.share(100) == 0.5
    assert "| x | 10 | 100 | 100 | 50.0% |" in table([figures], 100)
