"""The question sets of tests/data/questions keep the form that their README promises.

Whether each expected entry is in the index is checked by check.py beside them, which needs the
corpora.
"""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from glossator.evaluate.retrieval import chosen, read

FOLDER = Path(__file__).parents[2] / "data" / "questions"
FILES = sorted(FOLDER.glob("*.jsonl"))
KINDS = {
    "paraphrase", "how-to", "error", "identifier", "comparison", "snippet", "follow-up",
    "unanswerable",
}  # fmt: skip
ALWAYS = {"question", "corpus", "kind", "half", "expected", "names"}
SOMETIMES = {
    "comparison": {"both"},
    "snippet": {"code", "language"},
    "follow-up": {"history"},
    "unanswerable": {"near"},
}

Row = dict[str, Any]


def rows(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


EVERYTHING = [row for file in FILES for row in rows(file)]
ANSWERABLE = [row for row in EVERYTHING if row["kind"] != "unanswerable"]


by_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@by_file
def test_each_question_has_the_fields_of_its_kind(file: Path) -> None:
    for row in rows(file):
        assert row["kind"] in KINDS, row
        assert row["half"] in ("develop", "held-out"), row
        assert set(row) == ALWAYS | SOMETIMES.get(row["kind"], set()), row
        assert row["question"] == row["question"].strip() != "", row
        for turn in row.get("history", []):
            assert set(turn) == {"question", "answer"}, row
            assert all(turn.values()), row


@by_file
def test_only_unanswerable_questions_expect_nothing(file: Path) -> None:
    """A comparison expects an entry and a name of each side; any of the others will do."""
    for row in rows(file):
        names, expected = row["names"], row["expected"]
        if row["kind"] == "unanswerable":
            assert expected == names == [], row
            continue
        if row["kind"] == "comparison":
            assert len(row["both"]) == len(names) == 2, row
            assert {each for side in row["both"] for each in side} == set(expected), row
            names = [name for side in names for name in side]
        assert names, row
        assert expected, row
        assert len(set(expected)) == len(expected), row
        assert all(isinstance(each, str) and each for each in [*names, *expected]), row


@by_file
def test_a_file_is_one_declared_corpus(file: Path) -> None:
    """The two halves of each kind differ by one question at most."""
    declared = tomllib.loads((FOLDER / "sources.toml").read_text("utf-8"))["sources"]
    found = rows(file)
    assert {row["corpus"] for row in found} == {file.stem}
    assert file.stem in declared
    halves = Counter((row["kind"], row["half"]) for row in found)
    for kind in {row["kind"] for row in found}:
        assert abs(halves[kind, "develop"] - halves[kind, "held-out"]) <= 1


def test_no_question_is_asked_twice() -> None:
    """The same words with other code or another conversation are another question."""
    asked = Counter(
        (re.sub(r"\W+", " ", row["question"].lower()), row.get("code"), str(row.get("history")))
        for row in EVERYTHING
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_every_kind_is_asked_often_enough() -> None:
    assert len(ANSWERABLE) >= 330
    assert len(EVERYTHING) - len(ANSWERABLE) >= 70
    kinds = Counter(row["kind"] for row in ANSWERABLE)
    share = {kind: count / len(ANSWERABLE) for kind, count in kinds.items()}
    assert share["paraphrase"] > 0.33
    assert share["how-to"] > 0.2
    assert kinds["follow-up"] >= 15
    for kind in ("error", "identifier", "comparison", "snippet"):
        assert share[kind] > 0.095


@by_file
def test_the_search_is_measured_on_them(file: Path) -> None:
    """`glossator eval retrieval` reads them: code belongs to the question, and a question without
    an answer is not counted.
    """
    found = read(file)
    answerable = [row for row in rows(file) if row["kind"] != "unanswerable"]
    assert len(chosen(found, "")) == len(answerable)
    assert len(chosen(found, "held-out")) + len(chosen(found, "develop")) == len(answerable)
    codes = [row["code"] for row in answerable if "code" in row]
    assert sum(code in each.question for code in codes for each in found) >= len(codes)


@pytest.mark.parametrize(
    "file", sorted((FOLDER / "wide").glob("*.jsonl")), ids=lambda file: file.stem
)
def test_the_wide_set_asks_declared_corpora_for_entries(file: Path) -> None:
    declared = tomllib.loads((FOLDER / "wide" / "sources.toml").read_text("utf-8"))["sources"]
    asked = rows(file)
    assert len({row["question"] for row in asked}) == len(asked) > 0
    for row in asked:
        assert set(row) == ALWAYS - {"names"}, row
        assert row["kind"] in KINDS, row
        assert row["half"] in ("develop", "held-out"), row
        assert row["corpus"] == file.stem, row
        assert row["corpus"] in declared, row
        assert all(row["expected"]), row
        assert row["expected"], row
