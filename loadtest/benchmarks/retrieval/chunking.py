"""How fast each kind of source is read and cut, and how much of indexing that takes.

``python -m loadtest.benchmarks.retrieval.chunking`` writes the documentation of an installed
package in every format, reads and cuts each as the embedder measures text, and embeds a sample of
the chunks. The share compares reading and cutting a chunk with doing that and embedding it, in one
process on one machine. Files are in the page cache, and nothing is stored.
"""

import html
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.chunkers import StructureChunker
from indexer.embedder import SentenceTransformerEmbedder
from indexer.sources import open_source
from indexer.types import Chunk, Document, Source
from loadtest.benchmarks.command import Study
from loadtest.experiments.markdown import table as pipe_table

PAGE = 8  # entries on one page, as in a reference manual
EMBEDDED = 256  # chunks in the sample that is embedded


@dataclass(frozen=True, slots=True)
class Figures:
    """Reading and cutting one kind of source, in seconds of one core."""

    kind: str
    documents: int
    chunks: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.chunks / self.seconds

    def share(self, embedded_rate: float) -> float:
        """The share of reading and cutting in the time that indexing a chunk takes."""
        return (1 / self.rate) / (1 / self.rate + 1 / embedded_rate)


def markdown(title: str, entries: Sequence[Document]) -> str:
    parts = (f"## {each.title}\n\n```python\n{each.signature}\n```\n\n{each.text}\n"
             for each in entries)  # fmt: skip
    return f"# {title}\n\n" + "\n".join(parts)


def restructured(title: str, entries: Sequence[Document]) -> str:
    heads = (f"{each.title}\n{'-' * len(each.title)}\n\n{each.text}\n" for each in entries)
    return f"{title}\n{'=' * len(title)}\n\n" + "\n".join(heads)


def sphinx(title: str, entries: Sequence[Document]) -> str:
    described = "".join(
        f"<dl class='py function'><dt class='sig sig-object py' id='{each.symbol}'>"
        f"<span class='sig-name descname'>{html.escape(each.title)}</span></dt><dd>"
        + "".join(f"<p>{html.escape(part)}</p>" for part in each.text.split("\n\n"))
        + "</dd></dl>"
        for each in entries
    )
    return f"<html><body><div role='main'><h1>{title}</h1>{described}</div></body></html>"


def notebook(title: str, entries: Sequence[Document]) -> str:
    cells = [{"cell_type": "markdown", "source": f"# {title}"}]
    for each in entries:
        cells += [{"cell_type": "markdown", "source": f"## {each.title}\n\n{each.text}"},
                  {"cell_type": "code", "source": each.signature}]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=1)


def manual(title: str, entries: Sequence[Document]) -> str:
    sections = (f'.SH "{each.title}"\n' + "\n.PP\n".join(
        part.replace("\\", "\\e").replace("\n.", "\n\\&.") for part in each.text.split("\n\n"))
        for each in entries)  # fmt: skip
    return f".TH {title} 3\n" + "\n".join(sections)


FORMATS: dict[str, tuple[str, Callable[[str, Sequence[Document]], str]]] = {
    "Markdown": (".md", markdown),
    "reStructuredText": (".rst", restructured),
    "HTML (Sphinx)": (".html", sphinx),
    "notebooks": (".ipynb", notebook),
    "manuals": (".3", manual),
}


def cut(kind: str, source: Source, chunker: StructureChunker) -> tuple[Figures, list[Chunk]]:
    started = time.process_time()
    documents = 0
    chunks: list[Chunk] = []
    for document in source.documents():
        documents += 1
        chunks += chunker.chunks(document)
    return Figures(kind, documents, len(chunks), time.process_time() - started), chunks


def write(folder: Path, suffix: str, entries: Sequence[Document],
          made: Callable[[str, Sequence[Document]], str]) -> None:  # fmt: skip
    folder.mkdir()
    for number in range(0, len(entries), PAGE):
        name = f"page{number // PAGE:05}"
        (folder / f"{name}{suffix}").write_text(made(name, entries[number : number + PAGE]))


def table(figures: Iterable[Figures], embedded_rate: float) -> str:
    """In Markdown, with the embedder's own rate below."""
    rows = [
        [each.kind, str(each.documents), str(each.chunks), f"{each.rate:,.0f}",
         f"{each.share(embedded_rate):.1%}"]
        for each in figures
    ]  # fmt: skip
    shown = pipe_table(["kind", "documents", "chunks", "chunks/s", "share of indexing"], rows)
    return f"{shown}\n\nEmbedding: {embedded_rate:,.0f} chunks per second of one core"


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument(
        "--package", default="numpy", help="package whose documentation is used (default: numpy)"
    )
    study.number("--entries", 2000, "entries of it")
    options = study.parse_args()
    embedder = SentenceTransformerEmbedder(threads=1)
    chunker = StructureChunker(embedder.ruler)
    package = f"package:{options.package}"
    entries = list(open_source(package).documents())[: options.entries]
    figures: list[Figures] = []
    with tempfile.TemporaryDirectory() as temporary:
        for kind, (suffix, made) in FORMATS.items():
            folder = Path(temporary, suffix[1:])
            write(folder, suffix, entries, made)
            found, chunks = cut(kind, open_source(f"folder:{folder}"), chunker)
            figures.append(found)
    home = Path(entries[0].uri.removeprefix("file://")).parent
    found, chunks = cut("source code (Python)", open_source(f"code:{home}"), chunker)
    figures.append(found)
    found, chunks = cut("installed package", open_source(package), chunker)
    figures.append(found)  # the process that imports the package is not counted
    sample = [chunk.embedded_text for chunk in chunks[:: max(len(chunks) // EMBEDDED, 1)]]
    started = time.process_time()
    embedder.embed(sample)
    print(table(figures, len(sample) / (time.process_time() - started)))


if __name__ == "__main__":
    main()
