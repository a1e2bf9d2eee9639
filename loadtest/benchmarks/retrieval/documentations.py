"""How much of real documentation is kept, folder by folder.

``python -m loadtest.benchmarks.retrieval.documentations NAME=FOLDER…`` reads and cuts each folder
as `glossator index` does, and embeds nothing. The share of text that is kept compares the words of
up to a hundred files, evenly taken, with those that a text browser (``w3m -dump``) shows of them,
or, for files that are no HTML, with the words in the file. So navigation counts as lost.
"""

import argparse
import gzip
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.chunkers import StructureChunker
from indexer.chunkers.limit import limited
from indexer.readers.page import Unreadable
from indexer.readers.written.encoding import decoded
from indexer.sources import FolderSource
from loadtest.benchmarks.command import Study, StudyFailed
from loadtest.experiments.markdown import table

_COMPARED = 100  # files of a folder whose text is compared
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Figures:
    documents: int = 0
    chunks: int = 0
    titles: list[str] = field(default_factory=list)  # of pages
    shown: int = 0  # words in the compared files
    kept: int = 0
    bytes: int = 0
    seconds: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)

    def row(self, name: str) -> tuple[str, ...]:
        unique = len(set(self.titles)) / len(self.titles) if self.titles else 1.0
        kept = f"{self.kept / self.shown:.0%}" if self.shown else "-"
        why = ", ".join(f"{count} {why}" for why, count in self.skipped.most_common(3)) or "-"
        return (name, f"{self.documents:,}", f"{self.chunks:,}", kept, f"{unique:.0%}",
                f"{self.seconds:.1f}", f"{self.bytes / 1e6:.1f}", why)  # fmt: skip


def measure(folder: Path) -> Figures:
    figures = Figures()
    source = FolderSource(folder)
    entries = list(source.entries())
    every = max(len(entries) // _COMPARED, 1)
    for number, entry in enumerate(entries):
        path = folder / entry.key
        figures.bytes += path.stat().st_size
        words: Counter[str] = Counter()
        started = time.perf_counter()
        for document in source.read(entry):
            figures.documents += 1
            if document.kind == "page":
                figures.titles.append(document.title)
            for chunk in StructureChunker().chunks(document):
                for piece in limited(chunk):
                    figures.chunks += 1
                    words.update(_words(f"{piece.breadcrumb} {piece.section} {piece.text}"))
        figures.seconds += time.perf_counter() - started
        if number % every == 0 and words:  # the last column tells of files that are left out
            shown = Counter(_words(_dump(path)))
            figures.shown += shown.total()
            figures.kept += (shown & words).total()
    figures.skipped.update(why.partition(":")[0] for _, why in source.skipped)
    return figures


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _dump(path: Path) -> str:
    """What a text browser shows of a file."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix not in {".html", ".htm", ".xhtml"}:
        try:
            return decoded(data.replace(b"\0", b""))[0]
        except Unreadable:
            return ""
    command = ["w3m", "-dump", "-T", "text/html", "-I", "utf-8", "-O", "utf-8"]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    return done.stdout.decode("utf-8", "replace")


async def _measure(options: argparse.Namespace, folder: Path) -> str:
    return _table(options.folders)


def _table(folders: Sequence[str]) -> str:
    if not shutil.which("w3m"):
        raise StudyFailed("w3m is needed to compare with: install it.")
    rows = []
    for given in folders:
        name, equals, where = given.partition("=")
        if not equals or not Path(where).is_dir():
            raise StudyFailed(f"{given} is not NAME=FOLDER.")
        rows.append(measure(Path(where).resolve()).row(name))
    header = ("documentation", "documents", "chunks", "text kept", "unique titles", "seconds", "MB",
              "left out")  # fmt: skip
    return table(header, rows)


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("folders", nargs="+", metavar="NAME=FOLDER")
    study.run(_measure, given)


if __name__ == "__main__":
    main()
