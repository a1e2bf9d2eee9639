"""While a backend serves, its index follows the folders, keeps schedules, and takes runs in."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backend.deploy import build
from backend.deploy.upkeep import intake
from backend.deploy.upkeep.upkeep import Kept, Upkeep, kept
from backend.settings import Retrieval, Settings, SourceSettings
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import open_source
from indexer.types import Embedder, IndexerError, IndexMismatch

WITHIN_S = 60


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for i in range(50):
        (folder / f"{i}.md").write_text(f"# Page {i}\n\nWords of page {i}.")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HybridIndex]:
    with HybridIndex.open(
        build.index_folder(tmp_path), embedder_name="words", dimension=64
    ) as opened:
        yield opened


@asynccontextmanager
async def kept_up(upkeep: Upkeep) -> AsyncIterator[None]:
    task = asyncio.create_task(upkeep.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def first(store: HybridIndex, embedder: Embedder, question: str) -> str:
    found = store.search(question, embedder.embed([question]), 1)
    return found[0].chunk.text if found else ""


async def test_what_is_written_moved_and_deleted_is_followed(
    docs: Path, store: HybridIndex, word_embedder: Embedder
) -> None:
    """Also what had changed before anybody looked; by the serving process, for it is little."""
    index(open_source(str(docs)), word_embedder, store)
    (docs / "1.md").write_text("# Early\n\nChanged while nothing ran.")
    upkeep = Upkeep(store, word_embedder, [Kept(str(docs), docs)], open_source, ["no such command"])
    async with kept_up(upkeep):
        await until(
            lambda: "nothing ran" in first(store, word_embedder, "changed while nothing ran")
        )
        (docs / "2.md").write_text("# Saved\n\nZebra crossing.")
        await until(lambda: "Zebra" in first(store, word_embedder, "zebra"))
        (docs / "2.md").unlink()
        await until(lambda: "Zebra" not in first(store, word_embedder, "zebra"))
        (docs / "sub").mkdir()
        (docs / "3.md").rename(docs / "sub" / "moved.md")
        await until(lambda: any("moved" in key for key in store.held(str(docs))))
    assert store.count() == 49


async def test_a_schedule_is_kept(docs: Path, store: HybridIndex, word_embedder: Embedder) -> None:
    index(open_source(str(docs)), word_embedder, store)
    scheduled = [Kept(str(docs), every_s=0.05)]
    upkeep = Upkeep(store, word_embedder, scheduled, open_source, ["no such command"])
    async with kept_up(upkeep):
        for word in ("zebra", "gnu"):
            (docs / "2.md").write_text(f"# Saved\n\nA {word}.")
            await until(lambda word=word: word in first(store, word_embedder, word))


async def test_runs_of_other_processes_are_taken_in(
    docs: Path, tmp_path: Path, store: HybridIndex, word_embedder: Embedder
) -> None:
    """They wait for it, and know the new version; without anybody who takes in, nobody waits."""
    assert not intake.waits(tmp_path)
    async with kept_up(Upkeep(store, word_embedder, [], open_source, [])):
        await until(lambda: intake.waits(tmp_path))
        report = await asyncio.to_thread(
            intake.leave, open_source(str(docs)), word_embedder, tmp_path, lambda *_: None
        )
    assert (report.added, store.count(), report.dataset) == (50, 50, store.dataset)
    assert not intake.waits(tmp_path)


async def test_a_source_can_be_removed_while_a_server_owns_the_index(
    docs: Path, tmp_path: Path, store: HybridIndex, word_embedder: Embedder
) -> None:
    index(open_source(str(docs)), word_embedder, store)
    async with kept_up(Upkeep(store, word_embedder, [], open_source, [])):
        await until(lambda: intake.waits(tmp_path))
        assert await asyncio.to_thread(intake.leave_out, str(docs), tmp_path) == 50
        assert (store.sources(), store.count()) == ((), 0)
        with pytest.raises(IndexerError, match="it holds nothing"):
            intake.leave_out(str(docs), tmp_path)


async def test_a_run_with_another_embedder_is_not_left(
    docs: Path, tmp_path: Path, store: HybridIndex, word_embedder: Embedder
) -> None:
    word_embedder.name = "other"
    with pytest.raises(IndexMismatch, match="glossator index --rebuild"):
        intake.leave(open_source(str(docs)), word_embedder, tmp_path, lambda *_: None)


async def test_a_source_that_fails_does_not_end_the_others(
    docs: Path, tmp_path: Path, store: HybridIndex, word_embedder: Embedder,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """It is said once; a run apart that fails says why."""
    mixed = [Kept("package:no_such_package", every_s=3600), Kept(str(docs), docs)]
    index(open_source(str(docs)), word_embedder, store)
    async with kept_up(Upkeep(store, word_embedder, mixed, open_source, ["no such command"])):
        (docs / "2.md").write_text("# Saved\n\nZebra.")
        await until(lambda: "Zebra" in first(store, word_embedder, "zebra"))
        await until(lambda: "package:no_such_package was not indexed" in caplog.text)


async def test_many_changes_are_indexed_apart(
    docs: Path, tmp_path: Path, store: HybridIndex, word_embedder: Embedder,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """By a real process of its own: here one that ends with an error, which is logged."""
    followed = [Kept(str(docs), docs)]
    async with kept_up(Upkeep(store, word_embedder, followed, open_source, ["nonsense"])):
        await until(lambda: "was not indexed" in caplog.text)
    assert "nonsense" in caplog.text
    assert store.count() == 0


def test_what_is_kept_up_is_what_the_settings_say(tmp_path: Path) -> None:
    """Declared sources as they are declared, folders that are only indexed unless it is off."""
    folder = str(tmp_path)
    settings = Settings(
        sources={
            "handbook": SourceSettings("folder", folder, follow=True, every="6h"),
            "site": SourceSettings("web", "https://docs.example.com", every="1d", follow=True),
            "other": SourceSettings("folder", folder),
        }
    )
    indexed = ["handbook", folder, f"code:{folder}", "package:numpy", "/no/such/folder"]
    assert kept(settings, indexed) == [
        Kept("handbook", tmp_path, 6 * 3600),
        Kept("site", None, 24 * 3600),
        Kept("other"),
        Kept(folder, tmp_path),
        Kept(f"code:{folder}", tmp_path),
    ]
    assert kept(Settings(retrieval=Retrieval(watch=False)), indexed) == []


async def test_a_journal_that_cannot_be_taken_in_stays_reported_until_it_is_gone(
    store: HybridIndex, word_embedder: Embedder
) -> None:
    """Also while nobody tries it again."""
    store.staging.mkdir(parents=True, exist_ok=True)
    mark = store.staging / "odd.ready"
    mark.touch()
    mark.with_suffix(".lock").mkdir()  # where the lock's file would be
    told: list[str] = []

    def report(part: str, why: str) -> None:
        told.append(why)

    async with kept_up(Upkeep(store, word_embedder, [], open_source, [], report)):
        await until(lambda: len(told) >= 4)
        assert all(told)
        mark.unlink()
        await until(lambda: told[-1] == "")
