"""Redaction replaces what it should and nothing else."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.ports import Span
from backend.rails.redaction import merge, redact

spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda s: Span(s[0], s[0] + s[1], "x"))
)


def test_overlapping_spans_become_one():
    text = "a secret here"
    assert redact(text, [Span(2, 6, "key"), Span(4, 8, "token")]) == "a [key removed] here"


def test_spans_that_touch_stay_apart():
    assert redact("abcd", [Span(0, 2, "x"), Span(2, 4, "y")]) == "[x removed][y removed]"


@given(spans)
def test_merged_spans_are_apart_in_order_and_cover_the_same(given_spans):
    merged = merge(given_spans)

    assert all(a.end <= b.start for a, b in pairwise(merged))
    covered = {i for span in given_spans for i in range(span.start, span.end)}
    assert covered == {i for span in merged for i in range(span.start, span.end)}


@given(st.text(max_size=40))
def test_without_spans_a_text_is_unchanged(text):
    assert redact(text, []) == text
