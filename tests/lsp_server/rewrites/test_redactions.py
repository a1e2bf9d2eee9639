"""No mark of redaction is written into a file: the line comes back, or the rewrite is refused."""

import pytest

from lsp_server.rewrites.redactions import marks, restored

TOKEN = "ghp_" + "a1B2" * 9
OLD = f"""\
def connect():
    token = "{TOKEN}"
    keys = ["{TOKEN}", "second"]
    return Client(token, password="hunter2 and more")
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (OLD.replace(f'token = "{TOKEN}"', 'token = "<GITHUB_TOKEN_1>"'), OLD),
        (OLD.replace("hunter2 and more", "<PASSWORD_1>"), OLD),
        (OLD.replace("hunter2 and more", "[password removed]"), OLD),
        (OLD.replace("hunter2 and more", "<PASSWORD_1>").replace(TOKEN, "<GITHUB_TOKEN_1>"), OLD),
        (OLD.replace(TOKEN, "<GITHUB_TOKEN_1>").replace("connect", "login"),
         OLD.replace("connect", "login")),
        ('if x:\n        token = "<GITHUB_TOKEN_1>"\r\n', f'if x:\n        token = "{TOKEN}"\r\n'),
    ],
)  # fmt: skip
def test_a_line_that_was_redacted_comes_back_as_it_was(code: str, expected: str) -> None:
    assert restored(OLD, code) == (expected, [])


@pytest.mark.parametrize(
    "code",
    [
        'TOKEN = "<GITHUB_TOKEN_1>"\n',  # moved to another line: which value is meant?
        'mail = "[email removed]"\n',
        'x = f(<PASSWORD_1>, "<PASSWORD_2>")\n',
    ],
)
def test_what_cannot_be_told_is_refused(code: str) -> None:
    kept, problems = restored(OLD, code)
    assert kept == code
    assert len(problems) == len(marks(code, OLD)) > 0
    assert all("kept back" in problem for problem in problems)


def test_two_lines_that_differ_by_their_secrets_alone_are_not_mixed_up() -> None:
    """The model may have swapped them."""
    old = 'add("first secret")\nadd("other secret")\n'
    code = 'add("<PASSWORD_2>")\nadd("<PASSWORD_1>")\n'
    assert restored(old, code)[1]


def test_code_that_has_such_text_itself_is_left_alone() -> None:
    old = "x: Box<TYPE_1>  // [email removed]\n"
    assert restored(old, old.replace("x", "y")) == (old.replace("x", "y"), [])


def test_a_line_of_many_marks_takes_no_time() -> None:
    """An expression with so many gaps would try every way to fill them."""
    marks = "".join(f"<KEY_{n}> a " for n in range(40))
    old = "a " * 400 + "b"
    assert restored(old, marks + "c")[0] == marks + "c"
