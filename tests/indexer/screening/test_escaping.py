"""Nothing that a renderer would fetch or run leaves the sanitizer, in whatever pieces it came."""

import itertools
import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.screening.escaping import Escaping, escape

SOURCE = "https://docs.example.org/fft#L7"
FIXTURE = Path(__file__).parents[3] / "editor_plugins/vscode/tests/hostile.json"

# VS Code's options for its Markdown preview; what its hovers draw is a part of this.
RENDERER = MarkdownIt("commonmark", {"html": True, "linkify": True})
RENDERER.enable(["table", "strikethrough", "linkify"])
PLAIN = MarkdownIt("commonmark").enable("table").disable(["html_block", "reference"])

WORDS = st.sampled_from(
    [
        "a", "word", " ", "  ", "\n", "\n\n", "\r\n", "\r", "\t", "    ", "- ", "1. ", "> ", "# ",
        "|", "\n---|---\n", "---\n", "===\n", "*", "**", "~~", "_", "\\", "\\\\", "&lt;", "&#91;",
        "&Tab;", "&#x5B;", "&colon;", "!", "[", "]", "(", ")", "<", ">", "/", "//", ":", '"', "'",
        "`", "``", "```", "````", "~~~", "```python\n", "\n```\n", "\n~~~\n", "  ```\n", "$x$",
        "http://", "HTTPS://", "https://evil.example/?q=", "www.evil.example", "ftp://evil.example",
        "//evil.example/x", "\\\\host\\share", "file://host/share", "file:///etc/passwd",
        "javascript:alert(1)", "JaVaScRiPt:", "data:text/html,x", "data:image/svg+xml,x",
        "command:workbench.x", "vscode://x", "vbscript:x", "mailto:a@b.example", "a@b.example",
        "![x](", "[x](", "[x][y]", "![x][y]", "[y]: https://evil.example/?q=1 'title'\n", "[1]",
        "[12]:", "[1](", "![1]", "](", "]: ", "<https://evil.example/>", "<img src=x>",
        "<IMG\nsrc=x>", "<a href='x'>", "</a>", "<script>", "</script>", "<!--", "-->", "<?x",
        "<![CDATA[", "<b",
        "<div>\n", "</div>\n", "<scr<script>ipt>", "\0", "\u00a0", "\u2028", "\x0c", "é", "😀",
        f"[x]({SOURCE})", f"[x](  {SOURCE})", f"![x]({SOURCE})",
    ]
)  # fmt: skip


@st.composite
def links(draw: st.DrawFn) -> str:
    """Links and images as a grammar makes them: with blanks, titles, angles, nested brackets."""
    text = draw(st.lists(WORDS, max_size=3).map("".join))
    address = draw(
        st.sampled_from(
            ["https://evil.example/?q=1", "HTTPS://evil.example", "javascript:alert(1)", "x.png",
             "java&#115;cript:alert(1)", "command:x", "data:image/png;base64,AA", "//evil.example",
             "\\\\\\\\host\\\\share", "file://host/share", "<https://evil.example/a b>", SOURCE]
        )
    )  # fmt: skip
    blank = draw(st.sampled_from(["", " ", "  ", "\n", "\t"]))
    title = draw(st.sampled_from(["", " 'title'", ' "a\nb"']))
    bang = draw(st.sampled_from(["", "!", "\\", "!\\", "`", "[", "!["]))
    return f"{bang}[{text}]({blank}{address}{title}{blank})"


TEXTS = st.lists(st.one_of(WORDS, links()), max_size=14).map("".join)


def walked(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in [token, *walked(token.children or [])]]


def dangers(text: str) -> list[str]:
    """Everything that a renderer would fetch or run, or link to without showing where it leads."""
    found = []
    every = walked(RENDERER.parse(text))
    for at, token in enumerate(every):
        if token.type == "image" or token.type.startswith("html"):
            found.append(token.content or token.type)
        elif token.type == "link_open":
            address = str(token.attrs["href"])
            web = re.match(r"(https?://|mailto:)", address, re.IGNORECASE)
            if address != SOURCE and not (token.markup == "linkify" and web):
                found.append(address)
            shown = "".join(each.content for each in every[at + 1 : at + 2])
            if (
                token.markup == "linkify"
                and shown.isascii()
                and shown.lower() not in unquote(address).lower()
            ):
                found.append(f"{shown} leads to {address}")
    return found


def code(text: str) -> list[str]:
    return [
        token.content for token in PLAIN.parse(text) if token.type in ("fence", "code_block")
    ]  # fmt: skip


def pieces(text: str, cuts: list[int]) -> str:
    escaping = Escaping([SOURCE])
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    passed = [escaping.feed(text[begin:end]) for begin, end in itertools.pairwise(places)]
    return "".join([*passed, escaping.end()])


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 400), max_size=30))
@example("x ` y\n` [a](javascript:x) `", [])
@example("| ` | ` ` [x](https://evil.example) ` |\n|---|---|\n", [])
@example("- ```\n[x](https://evil.example)", [])
@example("  ```\n\n[x](https://evil.example)\n  ```\n\n![x](https://evil.example)", [])
@example("<div>\n```\n\n![x](https://evil.example)\n\n```\n![x](y)\n```\n", [])
@example("```[x](https://evil.example)`", [])
@example("|a|\n|-|\n|b|\n    ![x](https://evil.example)", [])
def test_nothing_that_a_renderer_fetches_or_runs_is_left(text: str, cuts: list[int]) -> None:
    """The result is the same for any pieces, and links to sources stay."""
    passed = escape(text, [SOURCE])
    assert dangers(passed) == []
    assert pieces(text, cuts) == passed


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_code_blocks_are_untouched(text: str) -> None:
    """The parser here knows neither HTML nor definitions, because none are left after escaping."""
    if "\r" in text or "\0" in text or len({*map(str, map(code, [text]))}) != 1:
        return
    fenced = [each for each in PLAIN.parse(text) if each.type == "fence" and each.level == 0]
    after = [each.content for each in PLAIN.parse(escape(text)) if each.type == "fence"]
    for token in fenced:
        assert token.content in after


@pytest.mark.parametrize(
    "text",
    [
        "Use `irfft` [1], and see [12].",
        "1. First:\n\n   ```python\n   x[0](a) < b\n   ```\n\n2. Then `List[int]` or `<div>`.",
        "```\n[x](y)\n![x](y)\n<img src=x>\n\\[\n```\n",
        "~~~~\n[x](y)\n~~~\n<b>\n~~~~\n",
        "A list:\n\n- `x[0]`\n- a < b and c > d\n\n    indented[0]",
        f"The [source]({SOURCE}) and https://numpy.org/doc/?q=1, `/etc//x`.",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "a \\[b\\] \\\\ c/d",
    ],
)
def test_what_an_answer_usually_is_passes_as_it_is(text: str) -> None:
    assert escape(text, [SOURCE]) == text


def test_it_is_shown_as_it_was_written() -> None:
    """The escapes are not seen in what is drawn."""
    shown = RENDERER.render(escape("[x](https://a.example) <b>x</b> ![y](z)"))
    text = re.sub(r"</?(p|a)[^>]*>", "", shown).strip()
    assert text == "[x](https://a.example) &lt;b&gt;x&lt;/b&gt; ![y](z)"


def test_little_is_held_back() -> None:
    """A word passes as it comes, a citation with the character after it."""
    escaping = Escaping()
    assert escaping.feed("The function `irfft") == "The function `irfft"
    assert escaping.feed("` [1") == "` "
    assert escaping.feed("]") == ""
    assert escaping.feed(" is") == "[1] is"
    assert escaping.feed(":\n\n```py") == ":\n\n"
    assert escaping.feed("thon\nx[0]") == "```python\nx[0]"
    assert escaping.feed("\n``") == "\n"
    assert escaping.feed("`\n![a](b)") == "```\n!\\[a](b)"


def test_a_long_list_without_an_end_is_escaped_in_bounded_time() -> None:
    """Behind the longest block that is parsed, all is escaped, also what may be code."""
    text = "- ```\n  [x](y)\n  ```\n" * 5000
    passed = escape(text)
    assert dangers(passed) == []
    assert passed.startswith("- ```\n  [x](y)\n")


def test_the_renderer_of_the_editor_is_given_the_same() -> None:
    """editor_plugins/vscode/tests/hostile.test.ts draws these with markdown-it itself.

    Written anew by running this file.
    """
    assert json.loads(FIXTURE.read_text()) == hostile()


def hostile() -> list[dict[str, str]]:
    texts = [
        "![x](https://evil.example/?q=1)", "![x](  HTTPS://evil.example)", "![x][y]\n\n[y]: //evil",
        "[a [b](c) d](https://evil.example)", "[![x](https://evil.example)](command:x)",
        "<img src=//evil.example>", "<scr<script>ipt>alert(1)</script>", "<https://evil.example/?q>",
        "[x](java&#115;cript:alert(1))", "&#91;x](https://evil.example)", "[x](\\\\host\\share)",
        "[x](file://host/share)", "[x](vscode://x)", "x ` y\n` [a](https://evil.example) `",
        "| ` | ` ` [x](https://evil.example) ` |\n|---|---|\n", "- ```\n[x](https://evil.example)",
        "ftp://evil.example //evil.example file://evil.example javascript:alert(1)",
        "`a ~~ b` ~~ `[x](https://evil.example)` ~~", "[x]\n(https://evil.example)",
        "[1]: https://evil.example\n\n![1]", "<!--\n-->\n<a href='command:x'>x</a>",
    ]  # fmt: skip
    return [{"text": text, "escaped": escape(text)} for text in texts]


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(hostile(), indent=2) + "\n")
