"""A first run without a model: the commands of the README, and what they print."""

import re
import signal
import subprocess

import pytest


@pytest.fixture(scope="session")
def extractive(start_backend, tmp_path_factory):
    """Indexes and asks on starting, as `make run` does."""
    return start_backend(
        "--engine", "extractive", "--index", "package:numpy.fft",
        "--ask", "how do I run an FFT on my data?",
        "--data", str(tmp_path_factory.mktemp("first-run")),
    )  # fmt: skip


def test_the_first_answer_stands_on_the_screen_before_indexing_goes_on(extractive):
    screen = extractive.log.read_text()

    answered = screen.index("first words after")
    assert "numpy.fft.fft" in screen[:answered]
    assert re.search(r"\[1\] numpy\.fft\S* \(\d.*\)  /.*site-packages/numpy/\S+:\d+", screen)
    assert "no language model is configured" in screen
    assert answered < screen.index("chunks (")


def test_ask_prints_a_cited_answer_and_succeeds(extractive, run_glossator):
    asked = run_glossator(
        "ask", "how do I compute the inverse FFT of a real signal?", "--url", extractive.url
    )
    assert asked.returncode == 0
    assert "numpy.fft.irfft" in asked.stdout
    assert re.search(r"numpy\.fft\.irfft \(\d\S*\)  /.*_pocketfft\.py:\d+", asked.stdout)


def test_json_prints_one_frame_a_line(extractive, run_glossator):
    from backend.protocol import wire

    asked = run_glossator("ask", "what is rfft?", "--json", "--url", extractive.url)
    frames = [wire.decode_server(line) for line in asked.stdout.splitlines()]

    assert isinstance(frames[-1], wire.Finished)
    assert [frame.seq for frame in frames] == list(range(len(frames)))


def test_a_range_of_a_file_is_asked_about(extractive, run_glossator, tmp_path):
    file = tmp_path / "signal.py"
    file.write_text("import numpy as np\n\nspectrum = np.fft.fft(data)[: len(data) // 2]\n")
    asked = run_glossator(
        "ask", "can this be faster?", "--file", str(file), "--range", "3:3",
        "--url", extractive.url,
    )  # fmt: skip
    assert asked.returncode == 0
    assert "numpy.fft" in asked.stdout


def test_a_range_beyond_the_file_is_a_usage_error(extractive, run_glossator, tmp_path):
    file = tmp_path / "short.py"
    file.write_text("x = 1\n")
    asked = run_glossator(
        "ask", "q", "--file", str(file), "--range", "5:9", "--url", extractive.url
    )
    assert asked.returncode == 2
    assert "ends before line 5" in asked.stderr


def test_what_is_indexed_beside_a_running_backend_it_answers_from(extractive, run_glossator):
    """The server takes in what the command has embedded; the command waits for that."""
    folder = extractive.process.args[extractive.process.args.index("--data") + 1]
    indexed = run_glossator("index", "package:numpy.linalg", "--data", folder)
    assert indexed.returncode == 0, indexed.stderr
    asked = run_glossator("ask", "what is numpy.linalg.qr?", "--url", extractive.url)
    assert "numpy.linalg.qr" in asked.stdout


def test_ctrl_c_ends_it_cleanly(start_backend, tmp_path_factory):
    backend = start_backend(
        "--engine", "extractive", "--data", str(tmp_path_factory.mktemp("stopping"))
    )
    backend.process.send_signal(signal.SIGINT)

    try:
        assert backend.process.wait(60) == 0
    except subprocess.TimeoutExpired:
        backend.process.kill()
        raise
    assert "Traceback" not in backend.log.read_text()
