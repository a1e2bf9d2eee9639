"""Which brackets and strings are open, whatever stands in strings and comments."""

import pytest

from backend.protocol.brackets import Brackets, closed_by


@pytest.mark.parametrize(
    ("code", "expected", "string"),
    [
        ("f(a, [b", ")]", ""),
        ("f(')')", "", ""),
        ('x = "a', "", '"'),
        ('x = ""', "", ""),
        ('x = """a"b', "", '"""'),
        ('x = """a"""\ny = (', ")", ""),
        ("x = 'it\\'s", "", "'"),
        ("x = 'lost\ny = [", "]", ""),
        ("# (\nx = [", "]", ""),
        ("a = b // c + (", ")", ""),
        ("int f() {\n  // (\n  g(", "})", ""),
        ("int f() {\n  /* ( \n", "}", "*/"),
        ('"""Doc\n\nhalf ( of it."""\n\ndef f(a', ")", ""),
    ],
)
def test_what_is_open_at_the_end(code: str, expected: str, string: str) -> None:
    state = Brackets.after(code)
    assert ("".join(state.open), state.string) == (expected, string)


def test_a_text_that_begins_in_a_docstring_is_read_as_such() -> None:
    window = "and (so on.\n" * 100 + '\n        """\n        return f('
    state = Brackets.after(window)
    assert (state.string, state.open[-1:]) == ("", [")"])


@pytest.mark.parametrize(
    ("prefix", "suffix", "count"),
    [
        ("f(", ")\n", 1),
        ("f([", ")\n", 1),
        ("f(", "\ng()\n", 0),
        ("f(g(", "))\n", 2),
        ("f(", "))\n", 1),
        ("int f() {\n  g(", "\n}\n", 1),
    ],
)
def test_what_the_text_after_the_cursor_closes(prefix: str, suffix: str, count: int) -> None:
    assert closed_by(suffix, Brackets.after(prefix)) == count
