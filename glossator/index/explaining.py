"""`glossator index explain` and `glossator index check`: the output around what decides."""

from pathlib import Path

import click

from backend.deploy import build
from backend.deploy.upkeep.declaring import named
from backend.errors import StartupFailed
from backend.settings import load
from glossator.index.quality import flaws
from glossator.index.run import console
from indexer.chunkers import StructureChunker
from indexer.chunkers.blocks import CHARACTERS
from indexer.chunkers.limit import TooSlow, limited
from indexer.readers import formats
from indexer.screening.terminal import line, printable
from indexer.sources import FolderSource
from indexer.sources.folder import documentation_or_code
from indexer.types import Document, Embedder, Entry, Ruler


def explain(file: Path, root: Path | None, text: bool, config: Path | None) -> int:
    """Prints how one file is read and cut; returns 1 when nothing of it would be indexed."""
    root = root or file.parent
    try:
        key = file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise StartupFailed(f"{file} is not below {root}: give the folder of its source.") from None
    source = FolderSource(root, takes=documentation_or_code, gitignore=True)
    listed = {entry.key for entry in source.entries()}
    left_out = [why for what, why in source.skipped if Path(what) == file.resolve()]
    source.skipped.clear()
    documents = list(source.read(Entry(key, "")))
    _say(f"{key}: {formats.called(file.name)}, {_count(len(documents), 'document')}")
    for what, why in (*source.noted, *source.skipped):
        _say(why if Path(what) == file.resolve() else f"  {what}: {why}", 2)
    if key not in listed:
        why = left_out[0] if left_out else "by its name, or the folder that it is in"
        _say(f"A run leaves it out: {why}. `include` in the source's settings can name it.", 2)
    if not documents:
        return 1
    with console.status("loading the embedding model"):
        ruler, limit = _ruler(build.embedder(load(config).retrieval))
    for document in documents:
        _explain(document, ruler, limit, text=text)
    return 0


def check(source: str, config: Path | None, data: Path) -> int:
    """Prints what is wrong with the chunks of a source; returns 1 when anything is."""
    settings = load(config)
    with console.status("loading the embedding model"):
        embedder = build.embedder(settings.retrieval)
    with build.store(data, embedder, settings.retrieval, writable=False) as store:
        source = named(source, store.sources(), settings)
        if source not in store.sources():
            known = ", ".join(store.sources()) or "none"
            raise StartupFailed(f"No source {source} is indexed. Indexed are: {known}.")
        chunks = [chunk for some, _ in store.export(source) for chunk in some]
    found = flaws(chunks)
    pages = len({chunk.uri.partition("#")[0] for chunk in chunks})
    _say(f"{source}: {_count(len(chunks), 'chunk')} of {_count(pages, 'page')}")
    for each in found:
        _say(each.what, 2)
        for example in each.examples:
            _say(example, 4)
        if each.advice:
            _say(f"→ {each.advice}", 4)
    if not found:
        click.echo("  Nothing stands out.")
    return 1 if found else 0


def _explain(document: Document, ruler: Ruler, limit: int, *, text: bool) -> None:
    chunker = StructureChunker(ruler)
    try:
        chunks = [piece for chunk in chunker.chunks(document) for piece in limited(chunk)]
    except TooSlow as error:
        _say(f"left out: {error}", 2)
        return
    title = f"“{document.title}”, {document.kind}, {document.language}"
    _say(f"{title}: {_count(len(chunks), 'chunk')}", 2)
    for number, chunk in enumerate(chunks, 1):
        size = ruler.size(chunk.embedded_text)
        cut = f", embedded by its first {limit}" if size > limit else ""
        at = f", line {chunk.line}" if chunk.line else ""
        place = " › ".join(filter(None, (chunk.breadcrumb, chunk.section)))
        _say(f"{number}. {place}: {size} tokens{cut}, {len(chunk.text)} characters{at}", 4)
        if text:
            for row in printable(chunk.text).split("\n"):
                click.echo(f"       │ {row}")


def _ruler(embedder: Embedder) -> tuple[Ruler, int]:
    ruler = getattr(embedder, "ruler", CHARACTERS)
    return ruler, ruler.limit


def _say(text: str, indent: int = 0) -> None:
    click.echo(" " * indent + line(text))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
