"""`glossator eval retrieval`: the measures, the files it reads, the table it prints."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.errors import StartupFailed
from glossator.cli import cli
from glossator.evaluate.retrieval import read
from glossator.evaluate.retrieval_figures import by_chance, measures


def test_measures_of_the_first_answer() -> None:
    """Answers that are found first, third and not at all."""
    first, five, ten, mrr, ndcg = measures([1, 3, 0, 6])
    assert (first, five, ten) == (0.25, 0.5, 0.75)
    assert mrr == pytest.approx((1 + 1 / 3 + 1 / 6) / 4)
    assert ndcg == pytest.approx((1 + 1 / 2 + 0.3562) / 4, abs=1e-4)


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(0, 0, 1.0), (3, 3, 1.0), (0, 6, 0.03125), (10, 2, 0.03857421875)]
)
def test_a_difference_is_told_from_chance(gained: int, lost: int, p: float) -> None:
    """The exact binomial test of the questions that only one of two systems answers."""
    assert by_chance(gained, lost) == by_chance(lost, gained) == p


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"question": "x"}', '{"expected": ["x"]}', '{"question": "x", "expected": 1}'],
)  # fmt: skip
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(f'{{"question": "q", "expected": ["a"]}}\n{line}\n')
    with pytest.raises(StartupFailed, match=r"set\.jsonl:2 is not a question"):
        read(file)


def test_an_empty_set_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text("")
    with pytest.raises(StartupFailed, match="holds no questions"):
        read(tmp_path / "set.jsonl")


def test_a_corpus_is_indexed_and_every_system_measured(tmp_path: Path) -> None:
    """Pages are expected by their uri and found; a missing page lowers the figures."""
    docs = tmp_path / "docs"
    docs.mkdir()
    pages = {"sorting": "Arrays are sorted in place.", "sockets": "A socket is opened by a call."}
    for name, text in pages.items():
        (docs / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    rows = [
        {"question": "how do I sort an array in place?", "origin": "written",
         "expected": [(docs / "sorting.md").as_uri()], "corpus": str(docs)},
        {"question": "open a socket", "expected": ["nowhere"], "corpus": str(docs)},
    ]  # fmt: skip
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = CliRunner().invoke(
        cli, ["eval", "retrieval", str(tmp_path / "set.jsonl"), "--data", str(tmp_path / "data")]
    )
    assert result.exit_code == 0, result.output
    for system in ("dense", "lexical", "fused", "ranked"):
        assert f"| all | 2 | {system} | 0.500 | 0.500 | 0.500 | 0.500 | 0.500 |" in result.output
        assert f"| written | 1 | {system} | 1.000 |" in result.output
    assert "| written | dense | 1.000 | 1.000 | 0 | 0 | 1.00 |" in result.output
    assert "search: p50" in result.output


def test_only_the_chosen_half_is_asked(tmp_path: Path) -> None:
    """Pages are expected by the end of their uri or by a text on them; the question without an
    answer is not counted.
    """
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "sorting.md").write_text("# Sorting\n\nArrays are sorted in place.\n")
    (docs / "sockets.md").write_text("# Sockets\n\nA socket is opened by a call.\n")
    rows = [
        {"question": "sort an array in place", "expected": ["docs/sorting.md"]},
        {"question": "open a socket", "expected": ["sockets.md#:~:text=is opened by a call"]},
        {"question": "deploy a cluster", "expected": []},
        {"question": "close a socket", "expected": ["nowhere"], "half": "held-out"},
    ]
    (tmp_path / "set.jsonl").write_text(
        "".join(json.dumps({"half": "develop", "corpus": str(docs), **row}) + "\n" for row in rows)
    )
    options = ["--half", "develop", "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, ["eval", "retrieval", str(tmp_path / "set.jsonl"), *options])
    assert result.exit_code == 0, result.output
    assert "| all | 2 | ranked | 1.000 |" in result.output


def test_a_half_without_questions_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text('{"question": "q", "expected": ["a"]}\n')
    options = ["--half", "held-out", "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, ["eval", "retrieval", str(tmp_path / "set.jsonl"), *options])
    assert result.exit_code != 0
    assert "held-out" in result.output
