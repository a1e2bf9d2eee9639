"""A completion fits into the text around the cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.completion.fitting import ends_line, fit, whole


@pytest.mark.parametrize(
    ("prefix", "text", "suffix", "expected"),
    [
        ("f(", "x)  \n", "\n", "x)"),
        ("f(", "x)", ")\n", "x"),
        ("x = (", "foo(a)", ")\n", "foo(a)"),
        ("x = (", "foo(a))", ")\n", "foo(a)"),
        ("[", "[1], [2]", "]\n", "[1], [2]"),
        ("[", "[1], [2]]", "]\n", "[1], [2]"),
        ('print("', 'hi")', '")\n', "hi"),
        ("f(", "a, b", ", b)\n", "a"),
        ("x = f(", "a,\n      b)", ")\n", "a,\n      b"),
        ("x = f(", "a,\n      g(b)", ")\n", "a,\n      g(b)"),
        ("x = ", "a + b", "+ b\n", "a"),
        ("x = ", "f(a)\nreturn x", "\nreturn x\n", "f(a)"),
        ("x = ", "f(a)\n\nreturn x", "\n\n\nreturn x\n", "f(a)"),
        ("", "print(x)\ny = 2\nprint(x)\nz = 3", "\nprint(x)\n\ndef f(): ...\n", None),
        ("", "a\nprint(x)\ny = 2", "\nprint(x)\n", None),
        ("", "a\nreturn b\n\ndef c(): ...", "\nreturn b\n\ndef c(): ...\n", "a"),
        ("", "a\nx()\ny()\n# more", "\nx()\ny()\n", "a"),
        ("f() {\n", "  if (x) {\n    y\n  }\n  z\n}", "\n}\n", "  if (x) {\n    y\n  }\n  z"),
        ("f() {\n", "  if (x) {\n    y\n  }", "\n}\n", None),
        ("    return foo(", "return foo(a)", "\n", "a)"),
        ("    x = ", "x = 3", "\n", "3"),
        ("((", "((a))", "\n", None),
        ("", "a\n\nb", "", None),
    ],
    ids=[
        "blank end", "closed already", "its own bracket", "its own and the next one",
        "brackets side by side", "and one too many", "quote and bracket", "rest of the line",
        "rest after several lines", "own bracket after several lines", "operator",
        "next line repeated", "with other blank lines", "line that stands there twice",
        "line that it goes on from", "several lines", "all that follows, and more",
        "brace of the block", "inner brace", "beginning of the line", "assignment",
        "brackets that look like the beginning", "two paragraphs",
    ],
)  # fmt: skip
def test_what_stands_there_already_is_not_said_again(prefix, text, suffix, expected):
    assert fit(prefix, text, suffix) == (text if expected is None else expected)


@given(
    prefix=st.text("ab(['\" \n", max_size=12),
    text=st.text("ab()[]'\" \n", max_size=12),
    suffix=st.text("ab)]'\" \n", max_size=12),
)
def test_fitting_only_ever_removes(prefix, text, suffix):
    """What is left is one piece of the completion."""
    assert fit(prefix, text, suffix) in text


@pytest.mark.parametrize(
    ("reason", "expected"), [("stop", "a\nb"), ("length", "a"), ("blocked", ""), ("cancelled", "")]
)
def test_half_lines_and_broken_off_text_are_not_offered(reason, expected):
    assert whole("a\nb", reason) == expected


def test_one_line_that_was_cut_is_not_offered():
    assert whole("x = f(a, ", "length") == ""


@pytest.mark.parametrize(
    ("suffix", "ends"), [("", True), (")]\nmore", True), ('"),;\n', True), (" more\n", False)]
)
def test_only_marks_that_close_something_may_follow_the_cursor(suffix, ends):
    assert ends_line(suffix) is ends
