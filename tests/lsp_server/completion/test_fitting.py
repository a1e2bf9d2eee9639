"""A completion fits into the text around the cursor."""

import pytest

from lsp_server.completion.fitting import ends_line, fit


@pytest.mark.parametrize(
    ("text", "suffix", "expected"),
    [
        ("x)  \n", "\n", "x)"),
        ("x)", ")\n", "x"),
        ("a\nreturn b\nc", "\nreturn b\n", "a"),
        ("a\n\nb", "", "a\n\nb"),
    ],
    ids=["blank end", "closed already", "next line repeated", "two paragraphs"],
)
def test_what_stands_there_already_is_not_said_again(text, suffix, expected):
    assert fit(text, suffix) == expected


@pytest.mark.parametrize(
    ("suffix", "ends"), [("", True), (")]\nmore", True), ('"),;\n', True), (" more\n", False)]
)
def test_only_marks_that_close_something_may_follow_the_cursor(suffix, ends):
    assert ends_line(suffix) is ends
