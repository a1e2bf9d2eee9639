"""Text of others keeps its words and loses what an editor would follow."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.screening.markup import cleaned, leads_out, strip_markup, strip_prose


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ("a ![logo](https://x.example/l.png?d=1) b", "a logo b"),
        ("a ![logo][ref] b\n\n[ref]: https://x.example/?q=1", "a logo b\n\n"),
        ('a <img src="https://x.example/a.png"> b', "a  b"),
        ("a <iframe src='//x.example'>inside</iframe> b", "a  b"),
        ("a <script>fetch('https://x.example')</script> b", "a  b"),
        ("a [click](javascript:alert(1)) b", "a click) b"),
        ("a [click](https://x.example/?leak=secret) b", "a click b"),
        ('<a href="javascript:go()">go</a>', "<a href=''>go</a>"),
        ("a <!-- https://x.example --> b", "a  b"),
        ("text\n\n.. image:: https://x.example/i.png\n\nmore", "text\n\n\n\nmore"),
    ],
)
def test_what_leads_away_is_stripped(markup: str, left: str) -> None:
    """Images, frames, scripts, comments, and links that carry data; their words stay."""
    assert strip_markup(markup) == left


@pytest.mark.parametrize(
    "text",
    [
        "See [the guide](https://numpy.org/doc/stable/user/basics.html#x) for more.",
        "`a < b > c` and x = y[0](1)",
        ">>> np.fft.fft(a)  # https://en.wikipedia.org/wiki/FFT",
        "[1]: https://example.org/paper",
        "<module 'numpy' from '__init__.py'>",
    ],
)
def test_ordinary_documentation_is_untouched(text: str) -> None:
    assert strip_markup(text) == text
    assert strip_prose(text) == text


@pytest.mark.parametrize(
    "markup",
    [
        "![x](  https://x.example/i.png)",
        "![x](HTTPS://x.example/i.png)",
        "[x](java&#115;cript:alert(1))",
        "[a [b] c](javascript:alert(1))",
        "[x][y]\n\n[y]: <javascript:alert(1)>",
        "![x][y]\n\n[y]: i.png",
        "[x](\\\\\\\\host\\\\share)",
        "[x](file://host/share)",
        "[x](command:workbench.x)",
        "<scr<script></script>ipt>alert(1)</script>",
        "<im<!-- -->g src=//x.example>",
        "<a href = 'command:x'>x</a>",
        "<div onclick=alert(1)>x</div>",
    ],
)
def test_what_patterns_miss_a_parser_finds(markup: str) -> None:
    assert leads_out(markup) or "<!--" in markup
    assert not leads_out(strip_prose(markup))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<", ">", "scr", "ipt", "<script>", "</script>", "<!--", "-->", "img ", "src=x", "[x]",
             "(", ")", "![", "](", "]: ", "javascript:", "https://x.example/?q=1", "\n", "\n\n",
             " ", "&#91;", "`", "a", "<a href=", "'", "\\"]
        ),
        max_size=15,
    ).map("".join)
)  # fmt: skip
def test_nothing_that_leads_out_is_left_of_a_passage(text: str) -> None:
    """Also where taking one thing out makes another one."""
    assert not leads_out(strip_prose(text))


def test_code_is_no_markdown() -> None:
    """Its brackets stay as they are, wherever it is kept."""
    code = "matrix[x](command:=y)"
    assert cleaned({"example": code, "text": code}, "code") == {}
    assert list(cleaned({"example": code, "text": code}, "page")) == ["text"]
