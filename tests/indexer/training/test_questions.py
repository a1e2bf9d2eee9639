"""Questions made from documentation."""

from indexer.training.questions import Question, first_sentence, masked, plain, questions
from indexer.types import Document

SORT = Document(
    "package:p", "file:///p.py", "p.sort", "Return a sorted copy of values.\n\n"
    "The algorithm keeps equal elements where they were.\n\nSee Also\n--------\n"
    ":func:`order`\n    Indices that would put it in order, *stable*.\n"
    "lost : Nowhere to be found.\n"
    "other.sort : Return sorted values.\n",
    kind="function", symbol="p.sort",
)  # fmt: skip
ORDER = Document("package:p", "file:///p.py", "p.order", "Indices of the sorted values.",
                 kind="function", symbol="p.order")  # fmt: skip
MODULE = Document(
    "package:p", "file:///p.py", "p",
    "All of p.\n\n  order   What numerical libraries call argsort\n", kind="module", symbol="p",
)  # fmt: skip


def test_every_origin_asks_for_the_entry_it_describes() -> None:
    """Questions come from other entries, from the overview, and from the entry's own sentences."""
    assert set(questions([SORT, ORDER, MODULE], mask=False)) == {
        Question("What numerical libraries call argsort", ("p.order",), "listed"),
        Question("Indices that would put it in order, stable", ("p.order",), "see_also"),
        Question("Return a sorted copy of values", ("p.sort",), "summary"),
        Question("Indices of the sorted values", ("p.order",), "summary"),
        Question("The algorithm keeps equal elements where they were", ("p.sort",), "body"),
    }


def test_a_masked_question_lacks_the_words_of_the_name() -> None:
    assert masked("Solve a `banded` system, solve_banded twice", "p.solve_banded") == (
        "a system, twice"
    )


def test_who_says_the_same_is_asked_for_together() -> None:
    one, two = (
        Document("s", "u", name, "Close the underlying connection now.", "function", symbol=name)
        for name in ("p.A.stop", "p.B.stop")
    )
    assert questions([one, two]) == [
        Question("Close the underlying connection now", ("p.A.stop", "p.B.stop"), "summary")
    ]


def test_markup_and_sentences() -> None:
    assert plain("See :func:`~a.b`, ``x`` and *y*\n twice") == "See a.b, x and y twice"
    assert first_sentence("One. Two.") == "One"
    assert first_sentence("") == ""
