"""`glossator index remove|migrate|backup|restore`: the output around ``indexer.index.moving``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from rich.progress import Progress

from backend.deploy import build
from backend.deploy.upkeep import intake
from backend.deploy.upkeep.declaring import named
from backend.errors import StartupFailed
from backend.settings import load
from glossator.index.run import console
from indexer.index import moving
from indexer.screening.terminal import line
from indexer.types import IndexerError, IndexInUse


def migrate(to: str, config: Path | None, data: Path) -> int:
    url = load(config).retrieval.chroma_url
    if not url:
        raise StartupFailed(
            "Set retrieval.chroma_url (GLOSSATOR_RETRIEVAL__CHROMA_URL) to the address of the "
            "Chroma server that the vectors go to or come from."
        )
    place = cast('Literal["server", "embedded"]', to)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("moving")
        try:
            moved = moving.migrate(
                build.index_folder(data), url, place,
                lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
        except IndexerError as error:
            raise StartupFailed(str(error)) from error
    then = "keep" if to == "server" else "empty"
    console.print(f"{moved} chunks moved; {then} retrieval.chroma_url from now on.")
    return 0


def backup(folder: Path, config: Path | None, data: Path) -> int:
    url = load(config).retrieval.chroma_url
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("writing")
        try:
            manifest = moving.backup(
                build.index_folder(data), url, folder,
                lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
        except IndexerError as error:
            raise StartupFailed(str(error)) from error
    console.print(f"{manifest['chunks']} chunks, index {manifest['dataset']}, are in {folder}.")
    return 0


def remove(sources: Sequence[str], config: Path | None, data: Path) -> int:
    settings = load(config)
    path = build.index_folder(data)
    for typed in sources:
        try:
            source = named(typed, moving.sources(path), settings)
            try:
                chunks = moving.remove(path, settings.retrieval.chroma_url, source)
            except IndexInUse:
                if not intake.waits(data):
                    raise
                chunks = intake.leave_out(source, data)
        except IndexerError as error:
            raise StartupFailed(str(error)) from error
        console.print(line(f"{source}: {chunks} chunks removed"), markup=False)
        if source in settings.sources:
            console.print(
                line(f"[sources.{source}] still declares it: the next run indexes it again."),
                markup=False,
            )
    return 0


def restore(folder: Path, config: Path | None, data: Path) -> int:
    url = load(config).retrieval.chroma_url
    try:
        with console.status("restoring"):
            manifest = moving.restore(folder, build.index_folder(data), url)
    except IndexerError as error:
        raise StartupFailed(str(error)) from error
    console.print(
        f"{manifest['chunks']} chunks, index {manifest['dataset']}, are searchable again."
    )
    return 0
