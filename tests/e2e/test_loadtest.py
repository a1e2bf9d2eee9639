"""`glossator loadtest` against a running server, in short runs of what users run long."""

import csv

import pytest


@pytest.fixture(scope="module")
def server(start_backend, own_data):
    return start_backend("--engine", "extractive", "--data", str(own_data))


@pytest.fixture
def measured(server, run_glossator, tmp_path):
    """``measured(...)``: a few seconds of load, and the lines of the log afterwards.

    Its SLO allows answers of a busy machine, which would break the usual one.
    """

    def run(*options, url=server.url):
        done = run_glossator("loadtest", "--url", url, "--log", str(tmp_path), "--seconds", "3",
                             "--users", "4", "--think", "0.1",
                             "--slo", "ttft_p95<60s,failed<1%", *options)  # fmt: skip
        log = tmp_path / "experiments.csv"
        return done, list(csv.DictReader(log.open(newline=""))) if log.exists() else []

    return run


def test_a_run_prints_its_table_and_is_kept(measured, tmp_path):
    done, (row,) = measured("--scenario", "spike", "--note", "first")
    assert done.returncode == 0, done.stderr
    assert "| ttft |" in done.stdout
    assert "4 users" in done.stderr  # progress
    assert int(row["requests"]) > 0
    assert float(row["failed"]) == 0
    assert float(row["ttft_p50_ms"]) > 0
    assert float(row["retrieval_p50_ms"]) > 0
    assert row["dataset"]
    assert row["server.model"] == "extractive"


def test_an_open_loop_asks_at_its_rate(measured):
    """Whatever became of the earlier questions: some 45 in 5 seconds with one of ramp."""
    done, (row,) = measured(
        "--scenario", "spike", "--arrivals", "poisson", "--rate", "10", "--seconds", "5"
    )
    assert 10 < int(row["requests"]) < 90, done.stderr


def test_any_openai_server_is_measured_with_the_same_scenarios(measured):
    done, (row,) = measured("--api", "openai", "--bare")
    assert done.returncode == 0, done.stderr
    assert (row["api"], float(row["failed"])) == ("openai", 0)
    assert float(row["ttft_p50_ms"]) > 0


def test_workers_send_their_samples_home(measured):
    done, (row,) = measured("--scenario", "spike", "--processes", "2")
    assert done.returncode == 0, done.stderr
    assert int(row["requests"]) > 0


def test_a_broken_slo_fails_the_run_but_keeps_it(measured):
    done, (row,) = measured("--slo", "ttft_p50<0.001ms")
    assert done.returncode == 3
    assert "SLO broken: ttft_p50 is" in done.stderr
    assert row["slo_met"] == "False"


def test_nobody_at_home_is_said_so(measured):
    done, rows = measured(url="http://127.0.0.1:9")
    assert (done.returncode, rows) == (1, [])
    assert "Nothing answers at http://127.0.0.1:9" in done.stderr


def test_two_runs_are_compared_and_reported(measured, run_glossator, tmp_path):
    _, (first,) = measured()
    _, (_, second) = measured("--bare")
    log = ("--log", str(tmp_path))
    compared = run_glossator("loadtest", "compare", first["id"], second["id"], *log)
    assert "TTFT p50" in compared.stdout
    assert "options.bare: False -> True" in compared.stdout
    page = tmp_path / "report.html"
    reported = run_glossator("loadtest", "report", first["id"], "last", "-o", str(page), *log)
    assert reported.returncode == 0, reported.stderr
    assert second["id"] in page.read_text()
