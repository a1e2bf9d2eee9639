"""The measurement of scale fills and searches a real index, and says what it saw."""

from pathlib import Path

from indexer.search import HybridIndex
from loadtest.search_scale import DIMENSION, Corpus, fill, run, table


def test_each_size_is_filled_and_searched(tmp_path: Path) -> None:
    rows = run(tmp_path, [100, 200], sources=1, searches=10)
    assert [row.chunks for row in rows] == [100, 200]
    assert all(0 < row.p50_ms <= row.p95_ms for row in rows)
    assert rows[1].on_disk_mib > 0
    lines = table(rows).splitlines()
    assert lines[2].startswith("| 100 |")
    assert "| 1.00 |" in lines[2]


def test_the_corpus_is_the_same_in_every_run() -> None:
    one, two = Corpus(2), Corpus(2)
    assert one.batch(0, 3)[0] == two.batch(0, 3)[0]
    assert one.question()[0] == two.question()[0]


def test_chunks_are_spread_over_the_sources(tmp_path: Path) -> None:
    with HybridIndex.open(tmp_path, embedder_name="synthetic", dimension=DIMENSION) as index:
        fill(index, Corpus(4), 0, 40)
        assert {source: len(index.ids(source)) for source in index.sources()} == {
            f"package:p{i}": 10 for i in range(4)
        }
