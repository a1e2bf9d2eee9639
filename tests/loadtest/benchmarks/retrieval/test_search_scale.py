"""The measurement of scale fills and searches a real index, and says what it saw."""

from dataclasses import replace
from pathlib import Path

from loadtest.benchmarks.retrieval.search_scale import filled, run, table


def test_an_index_is_filled_and_searched(tmp_path: Path) -> None:
    """In processes of its own; what is kept is not filled again."""
    (row,) = run(tmp_path, [100], [2], searches=10, only_fill=False)
    assert (row.chunks, row.sources) == (100, 2)
    assert 0 < row.p50_ms <= row.p95_ms
    assert 0 < row.cpu_p50_ms <= row.cpu_p95_ms
    assert min(row.opened_s, row.resident_mib, row.on_disk_mib, row.added_per_s or 0) > 0
    lines = table([row, replace(row, chunks=1000, p95_ms=2 * row.p95_ms)]).splitlines()
    assert "| 1.00 | 1.00 |" in lines[2]
    assert lines[3].startswith("| 1,000 | 2 |")
    assert "| 1.00 | 2.00 |" in lines[3]
    assert filled(tmp_path / "100-in-2", 100, 2) is None
