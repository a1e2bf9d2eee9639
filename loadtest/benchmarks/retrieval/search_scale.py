"""How a search grows with the index.

    python -m loadtest.benchmarks.retrieval.search_scale --chunks 10000 100000

Fills an embedded index for each size and times whole searches on it: nearest chunks, words, ranking
and reading the passages, but not embedding the question. `--sources` spreads each size over so many
sources; given several numbers, it does so for each in turn. With `--keep` the indexes stay and are
not filled again, because a million chunks take long.

Limits: vectors and texts are synthetic (``loadtest.benchmarks.models.synthetic_index``). Questions
come one at a time, and the index is warm. Each row has its own process. Its memory is what is
resident after the searches, including Python, its libraries and mapped files.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.index.search import HybridIndex
from loadtest.benchmarks.command import Study
from loadtest.benchmarks.models.synthetic_index import DIMENSION, NAME, Corpus, fill
from loadtest.experiments import markdown
from loadtest.experiments.machine import resident_mib


@dataclass(frozen=True, slots=True)
class Row:
    """One index: how fast its searches are, and what it takes."""

    chunks: int
    sources: int
    p50_ms: float
    p95_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float
    opened_s: float
    resident_mib: float
    on_disk_mib: float
    added_per_s: float | None  # None if it was there already


def filled(folder: Path, chunks: int, sources: int) -> float | None:
    """Makes or completes the index. Returns how many chunks a second were added."""
    with HybridIndex.open(folder, embedder_name=NAME, dimension=DIMENSION) as index:
        seconds = fill(index, Corpus(), chunks, sources)
    return chunks / seconds if seconds else None


def measured(folder: Path, searches: int) -> tuple[float, float, float, float, float, float]:
    """Median and 95th percentile of searches in ms, and of their CPU time; seconds that opening and
    the first search took; MiB in memory at the end. A tenth as many searches warm up first."""
    corpus = Corpus()
    started = time.perf_counter()
    with HybridIndex.open(folder, embedder_name=NAME, dimension=DIMENSION, writable=False) as index:
        index.search(*corpus.question(), 6)
        opened = time.perf_counter() - started
        times = []
        for _ in range(searches + searches // 10):
            question, vector = corpus.question()
            started, cpu = time.perf_counter(), time.process_time()
            index.search(question, vector, 6)
            times.append((time.perf_counter() - started, time.process_time() - cpu))
        shares = np.percentile(np.array(times[searches // 10 :]) * 1000, (50, 95), axis=0)
        (middle, cpu_middle), (slow, cpu_slow) = shares.tolist()
        return middle, slow, cpu_middle, cpu_slow, opened, resident_mib()


def run(
    folder: Path, sizes: Sequence[int], spreads: Sequence[int], searches: int, *, only_fill: bool
) -> list[Row]:
    rows = []
    spawn = multiprocessing.get_context("spawn")
    for chunks in sizes:
        for sources in spreads:
            own = folder / f"{chunks}-in-{sources}"
            # Each index gets its own process, which gives back its memory when it ends.
            with ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as process:
                added = process.submit(filled, own, chunks, sources).result()
                if only_fill:
                    continue
                timed = process.submit(measured, own, searches).result()
            on_disk = sum(path.stat().st_size for path in own.rglob("*") if path.is_file())
            rows.append(Row(chunks, sources, *timed, on_disk / 2**20, added))
    return rows


def table(rows: Sequence[Row]) -> str:
    header = ["chunks", "sources", "search p50", "p95", "p50 to first", "p95 to first",
              "CPU p50", "CPU p95", "opened", "resident", "on disk", "filled"]  # fmt: skip
    cells = [
        [f"{row.chunks:,}", f"{row.sources}", f"{row.p50_ms:.1f} ms", f"{row.p95_ms:.1f} ms",
         f"{row.p50_ms / rows[0].p50_ms:.2f}", f"{row.p95_ms / rows[0].p95_ms:.2f}",
         f"{row.cpu_p50_ms:.1f} ms", f"{row.cpu_p95_ms:.1f} ms", f"{row.opened_s:.1f} s",
         f"{row.resident_mib:,.0f} MiB", f"{row.on_disk_mib:,.0f} MiB",
         f"{row.added_per_s:,.0f}/s" if row.added_per_s else "before"]
        for row in rows
    ]  # fmt: skip
    return markdown.table(header, cells)


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--chunks", [10_000, 100_000], "sizes of the index")
    study.number("--sources", [1], "sources that the chunks are spread over")
    study.number("--searches", 300, "timed searches on each index")
    study.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the indexes there (default: drop them)"
    )
    study.add_argument("--only-fill", action="store_true", help="fill the indexes, without timing")
    arguments = study.parse_args()
    with ExitStack() as stack:
        folder = arguments.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="glossator-scale-"))
        )
        rows = run(
            folder, sorted(arguments.chunks), arguments.sources, arguments.searches,
            only_fill=arguments.only_fill,
        )  # fmt: skip
    if rows:
        print(table(rows))


if __name__ == "__main__":
    main()
