"""The log of experiments: nothing that was measured gets lost."""

import csv
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from loadtest.experiments.log import keep, read, samples_of


def rows(folder):
    with (folder / "experiments.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_was_kept_is_read_again(tmp_path, experiment):
    made, samples = experiment(note="größer, “schneller”\nzwei Zeilen")
    keep(tmp_path, made, samples)
    assert read(tmp_path, "last") == read(tmp_path, made.id[:-1]) == made
    assert samples_of(tmp_path, made) == samples
    (row,) = rows(tmp_path)
    assert row["note"] == made.note
    assert float(row["ttft_p50_ms"]) == pytest.approx(made.figures["ttft_p50"], rel=1e-3)
    assert row["commit"] == made.commit


def test_a_log_with_other_columns_is_extended(tmp_path, experiment):
    """By an older version, or by hand."""
    (tmp_path / "experiments.csv").write_text("id,remark\nold,by hand\n")
    keep(tmp_path, *experiment())
    old, new = rows(tmp_path)
    assert (old["id"], old["remark"], old["ttft_p95_ms"]) == ("old", "by hand", "")
    assert new["remark"] == ""


def test_a_spreadsheet_gets_single_values_and_units(tmp_path, experiment):
    server = {"model": "tiny", "vllm": {"max_num_seqs": 8}, "engines": ["a", "b"]}
    keep(tmp_path, *experiment(server=server))
    (row,) = rows(tmp_path)
    assert (row["server.vllm.max_num_seqs"], row["server.engines"]) == ("8", "a, b")
    assert row["ttft_n"] == "200"
    assert not any("{" in value for value in row.values())


def test_runs_that_end_at_once_all_get_their_line(tmp_path, experiment):
    made = [experiment() for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda each: keep(tmp_path, *each), made))
    assert {row["id"] for row in rows(tmp_path)} == {one.id for one, _ in made}


def test_a_run_that_is_not_there_is_named_with_those_that_are(tmp_path, experiment):
    with pytest.raises(LookupError, match="none yet"):
        read(tmp_path, "last")
    made, samples = experiment()
    keep(tmp_path, made, samples)
    with pytest.raises(LookupError, match=made.id):
        read(tmp_path, "2019")
    (tmp_path / "runs" / f"{made.id}.samples.gz").write_bytes(b"not gzip")
    with pytest.raises(LookupError, match="cannot be read"):
        samples_of(tmp_path, made)


def test_the_last_run_and_the_one_before_it_have_names(tmp_path, experiment):
    made, samples = experiment()
    runs = [msgspec.structs.replace(made, id=f"2026120{day}-000000-aaaa") for day in (1, 2, 3)]
    for run in runs:
        keep(tmp_path, run, samples)
    assert (read(tmp_path, "last").id, read(tmp_path, "previous").id) == (runs[2].id, runs[1].id)
