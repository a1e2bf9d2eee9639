"""Figures that a page repeats are those of the study, or of the command, that it names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FIGURE = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def rows(page: str) -> list[list[str]]:
    lines = (DOCS / page).read_text("utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| ") and not line.startswith("| ---")
    ]


RESULTS = [row for row in rows("performance.md") if row[0] != "what"]


@pytest.mark.parametrize("row", RESULTS, ids=lambda row: row[0])
def test_a_result_has_the_figures_of_its_study(row: list[str]) -> None:
    (study,) = re.findall(r"\]\((performance/[\w-]+\.md)\)", row[-1])
    written = set(FIGURE.findall((DOCS / study).read_text("utf-8")))
    figures = FIGURE.findall(row[2])
    assert figures
    assert set(figures) <= written


@pytest.mark.parametrize(("users", "most"), [("100", "3"), ("200", "4"), ("400", "4")])
def test_the_hardware_of_a_hundred_developers_is_what_the_simulation_says(
    users: str, most: str
) -> None:
    """Simulated time, so the figures are the same on every machine."""
    page = (DOCS / "decide.md").read_text("utf-8")
    command = re.search(r"python -m ([\w.]+) \\\n +--users 100 (--traffic [a-z ]+) --most 3", page)
    assert command
    done = subprocess.run(
        [sys.executable, "-m", command[1], "--users", users, *command[2].split(), "--most", most],
        cwd=DOCS.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    simulated = re.findall(
        r"^\| fixed, peak: (\d+) \| 100\.0% \| 0\.0% \| ([\d.]+) \| ([\d.]+) \|", done.stdout, re.M
    )
    (told,) = [row for row in rows("decide.md") if row[0] == users]
    day, launch = (tuple(FIGURE.findall(cell)) for cell in told[2:])
    assert simulated == [(told[1], *day), (told[1], *launch)]
