"""Fusion and the linear ranker."""

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.ranking.card import Card
from indexer.ranking.ranker import (
    FEATURES,
    WEIGHTS,
    Candidate,
    LinearRanker,
    Question,
    features,
    fuse,
    members,
    reciprocal,
    with_names,
)
from indexer.ranking.words import terms


def card(symbol: str, summary: str = "", text: str = "", kind: str = "function") -> Card:
    return Card(
        id=symbol, source="s", entry=symbol, symbol=symbol, kind=kind,  # type: ignore[arg-type]
        section=False, deprecated=False, name=" ".join(terms(symbol)),
        headline=" ".join(terms(summary)), text=" ".join(terms(text)), uri="file:///x.py",
    )  # fmt: skip


def question(text: str) -> Question:
    return Question.of(text, {"array": 50, "sort": 2}, 100)


def symbols(candidates: list[Candidate]) -> list[str]:
    return [each.card.symbol for each in candidates]


def test_both_lists_beat_one() -> None:
    """Second in both is better than first in one; equal sums go by cosine."""
    both = Candidate(card("both"), 0.5, 1, 3.0, 1)
    first = Candidate(card("first"), 0.9, 0)
    other = Candidate(card("other"), 0.8, None, 4.0, 0)
    assert symbols(fuse([other, first, both])) == ["both", "first", "other"]
    assert reciprocal(0) == 1
    assert reciprocal(None) == 0


def test_features_are_bounded_and_say_what_they_mean() -> None:
    candidates = [
        Candidate(card("numpy.sort", "Return a sorted copy of an array"), 0.7, 0, 8.0, 0),
        Candidate(card("numpy.argsort", text="sort"), 0.6, None, 4.0, 1),
        Candidate(card("numpy", kind="module"), 0.1, 5),
    ]
    rows = features(question("how do I sort an array?"), candidates)
    assert rows.shape == (3, len(FEATURES))
    assert (np.abs(rows) <= 1).all()
    sort, argsort, module = (dict(zip(FEATURES, row, strict=True)) for row in rows)
    assert sort["name_spelled"] > argsort["name_spelled"] == 0
    assert sort["any_coverage"] == pytest.approx(1)
    assert argsort["bm25_share"] == 0.5
    assert (module["module"], module["dense_rrf"], module["any_coverage"]) == (1, 10 / 15, 0)


def test_pages_are_as_deep_as_the_entries_beside_them() -> None:
    """Otherwise all pages would come before the entries of a deep package, or after them."""
    at = FEATURES.index("depth")
    candidates = [Candidate(card(name), 0) for name in ("a.b", "", "a.b.c.d")]
    assert features(question("sort"), candidates)[:, at].tolist() == [1 / 6, 2 / 6, 3 / 6]
    assert features(question("sort"), candidates[1:2])[0, at] == 0


def test_a_class_has_the_best_of_its_members() -> None:
    """A module gets nothing, and neither does an entry that is no member."""
    candidates = [
        Candidate(card("queue.Queue", kind="class"), 0.1, 40),
        Candidate(card("queue.Queue.get", kind="method"), 0.5, 0, 1.0, 10),
        Candidate(card("queue.Queue.put", kind="method"), 0.4, 1),
        Candidate(card("queue", kind="module"), 0.3, 2),
        Candidate(card("", kind="page"), 0.2, 3),
    ]
    assert members(candidates).tolist() == [1.5, 0, 0, 0, 0]
    assert members(candidates[4:]).tolist() == [0]


def test_a_rare_word_covers_more() -> None:
    rows = features(
        question("sort array"),
        [Candidate(card("a", text="sort"), 0), Candidate(card("b", text="array"), 0)],
    )
    at = FEATURES.index("text_coverage")
    assert rows[0, at] > rows[1, at]


def test_what_the_asker_has_covers_nothing() -> None:
    asked = Question.of("how do I run an FFT on my data?", {}, 100)
    assert asked.terms == ("fft",)
    assert Question.of("my data", {}, 100).terms == ("data",)


def test_all_chunks_of_an_entry_that_were_found_count() -> None:
    """One chunk may say what another does not, and the ranker sees both."""
    rows = features(
        question("sort array"),
        [Candidate(card("a", text="sort"), 0, others=(card("a", text="array"),))],
    )
    found = dict(zip(FEATURES, rows[0], strict=True))
    assert found["text_coverage"] < found["entry_coverage"] == 1


def test_relatives_of_a_word_count_and_their_order_in_the_headline_does_too() -> None:
    rows = features(
        Question.of("serialization of objects", {}, 100),
        [
            Candidate(card("a", "Serialize an object", "serialized object"), 0),
            Candidate(card("b", "Object that serializes", "series"), 0),
        ],
    )
    a, b = (dict(zip(FEATURES, row, strict=True)) for row in rows)
    assert (a["text_coverage"], a["headline_precision"]) == (1, 1)
    assert b["text_coverage"] == 0
    assert (a["headline_phrases"], b["headline_phrases"]) == (1, 0)


@pytest.mark.parametrize("text", ["", "?", "how do I"])
def test_a_question_without_words_is_ranked_by_what_is_left(text: str) -> None:
    ranked = LinearRanker.load().rank(
        Question.of(text, {}, 0), [Candidate(card("far"), 0.1, 1), Candidate(card("near"), 0.9, 0)]
    )
    assert symbols(ranked) == ["near", "far"]
    assert LinearRanker.load().rank(question(text), []) == []


def test_equals_keep_their_order() -> None:
    weights = dict.fromkeys(FEATURES, 0.0)
    candidates = [Candidate(card(name), 0.5, 0) for name in "cab"]
    assert symbols(LinearRanker(weights).rank(question("x"), candidates)) == list("cab")


def test_weights_of_other_features_are_refused(tmp_path: Path) -> None:
    """An old file beside new code is a defect of the installation, not a worse ranking."""
    weights = json.loads(WEIGHTS.read_text())
    del weights["weights"]["cosine"]
    (tmp_path / "ranker.json").write_text(json.dumps(weights))
    with pytest.raises(ValueError, match="train"):
        LinearRanker.load(tmp_path / "ranker.json")


def test_what_ships_prefers_a_part_to_its_overview() -> None:
    """All else equal, a function comes before the module that lists it."""
    candidates = [
        Candidate(card("p.fft", "Fourier", kind="module"), 0.5, 0, 1.0, 0),
        Candidate(card("p.dft", "Fourier"), 0.5, 0, 1.0, 0),
    ]
    ranked = LinearRanker.load().rank(question("Fourier"), candidates)
    assert symbols(ranked) == ["p.dft", "p.fft"]


def test_a_name_that_the_question_says_or_spells_moves_up() -> None:
    """But not a module, and not far: a name is a hint."""
    asked = Question.of("the roots of a polynomial", {"root": 5, "polynomial": 20}, 100)
    order = [
        Candidate(card("numpy.poly"), 0.7, 0),
        Candidate(card("numpy.polynomial", kind="module"), 0.6, 1),
        Candidate(card("numpy.roots"), 0.5, 2),
    ]
    assert symbols(with_names(order, asked)) == ["numpy.roots", "numpy.poly", "numpy.polynomial"]
    far = [*[Candidate(card(f"p.x{i}"), 0.5, i) for i in range(40)], order[2]]
    assert symbols(with_names(far, asked))[0] == "p.x0"
    spelling = Question.of("inverse FFT of real data", {"fft": 5, "inverse": 5, "real": 5}, 100)
    pair = [Candidate(card("numpy.fft.ihfft"), 0.7, 0), Candidate(card("numpy.fft.irfft"), 0.7, 1)]
    assert symbols(with_names(pair, spelling))[0] == "numpy.fft.irfft"
