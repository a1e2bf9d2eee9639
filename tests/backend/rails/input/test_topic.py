"""The topic rail judges by what retrieval knows of a question."""

from dataclasses import replace

import pytest

from backend.ports import Retrieved
from backend.rails.input.topic import judge
from backend.settings import TopicRail

SETTINGS = TopicRail(threshold=0.3, subject_threshold=0.5, allow=("sql",), deny=("salaries",))
SOURCES = ("docs/guide", "package:numpy")


def found(similarity: float | None, **subjects: float) -> Retrieved:
    return Retrieved(similarity=similarity, subjects=subjects, sources=SOURCES)


@pytest.mark.parametrize(
    "retrieved",
    [
        found(0.3),
        found(0.1, sql=0.6),
        found(0.1, sql=0.7, salaries=0.6),
        found(0.5, salaries=0.4),
        found(None),
        Retrieved(late=True),
        Retrieved(),
    ],
)
def test_on_topic_or_unknown_is_let_through(retrieved: Retrieved) -> None:
    """Near to the index or to an allowed subject; or the search was late, off, or had nothing."""
    assert judge(retrieved, SETTINGS) == ""


def test_a_refusal_says_what_can_be_asked() -> None:
    message = judge(found(0.29), SETTINGS)
    assert "You can ask about docs/guide, numpy." in message


def test_a_denied_subject_is_refused_however_near_the_index_is() -> None:
    assert "Questions about salaries are not answered here." in judge(
        found(0.9, salaries=0.6, sql=0.5), SETTINGS
    )
    assert "salaries" in judge(found(None, salaries=0.6), SETTINGS)


def test_a_question_that_nothing_is_likely_to_answer_is_off_topic() -> None:
    """However near something is; and a subject that is allowed is on topic all the same."""
    unlikely = Retrieved(similarity=0.5, answerable=SETTINGS.answerable / 2, sources=SOURCES)
    assert "You can ask about" in judge(unlikely, SETTINGS)
    assert judge(replace(unlikely, subjects={"sql": 0.6}), SETTINGS) == ""
    assert judge(replace(unlikely, answerable=SETTINGS.answerable), SETTINGS) == ""


def test_many_sources_are_not_all_named() -> None:
    many = Retrieved(similarity=0.0, sources=tuple(f"package:p{n}" for n in range(9)))
    assert "p0, p1, p2, p3, p4 and 4 more" in judge(many, SETTINGS)
    assert "indexed" in judge(Retrieved(similarity=0.0), SETTINGS)
