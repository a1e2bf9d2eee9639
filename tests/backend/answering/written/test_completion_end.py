"""A completion ends with its statement or its block."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.answering.written.completion_end import CompletionEnd
from glossator.evaluate.masked import Masked, chosen

MORE = "\n\n\ndef other():\n    pass\n"


def ended(marked: str, text: str) -> str:
    prefix, suffix = marked.split("|")
    end = CompletionEnd(prefix, suffix)
    return end.feed(text) + end.flush()


@pytest.mark.parametrize(
    ("marked", "text", "expected"),
    [
        ("x = |\n", "f(a)" + MORE, "f(a)"),
        ("x = |\n", "f(\n    a,\n)\ny = 1", "f(\n    a,\n)"),
        ("x = f(|\n", "a,\n  b)\ny = 1", "a,\n  b)"),
        ("x = f(|)\n", "a, b)\ny = 1", "a, b"),
        ("x = f(|)\n", "g(a), b\ny = 1", "g(a), b"),
        ("x = f([|)\n", "1])\n", "1]"),
        ("x = f(\n    a,\n    |\n)\n", "b,\n    c,\n)\ny = 1\n", "b,\n    c,\n"),
        ('print("|")\n', 'hello")\nprint("more")', "hello"),
        ('x = "|\n', 'hello"\ny = 1', 'hello"'),
        ('    """|"""\n', 'Say.\n\n    More.\n    """\n    x', "Say.\n\n    More.\n    "),
        ("x = |\n", '"""a\n\nb"""\ny', '"""a\n\nb"""'),
        ("x = a + \\\n    |\n", "b\ny = 1", "b"),
        ("# what |\n", "this is\nx = 1", "this is"),
        ("def f(|\n", "x):\n    return x\n\ndef g", "x):\n    return x"),
        ("def f(|):\n    return 1\n", "x", "x"),
        ("def f(x):|\n", "\n    y = x\n    return y\n\nf(1)", "\n    y = x\n    return y"),
        ("def f(x):\n    |\n", "y = x\n\n    return y\nf(1)", "y = x\n\n    return y"),
        ("def f(x):\n    |\n    return x\n", "x += 1\n    x += 2\n", "x += 1"),
        ("def f(x):\n    |\n    return x\n",
         "if x:\n        x = 1\n    else:\n        x = 2\n    y",
         "if x:\n        x = 1\n    else:\n        x = 2"),
        ("def f(x):\n    |\n", "\n\ndef g():", ""),
        ("def f(x):\n    |\n", "    if x:\n        y()\n    z()", "if x:\n        y()\n    z()"),
        ("    if x:\n    |\n", "    y()\n        z()\n", "    y()\n        z()"),
        ("def f(x):\n|\n", "    y()\n    z()\n", "    y()\n    z()"),
        ("x = [\n    |\n", "    1,\n    2,\n]\ny = 1", "    1,\n    2,\n]"),
        ("def f(x):\n    |\n", "def g(y):\n        return y\n    return g\nf()",
         "def g(y):\n        return y\n    return g"),
        ("class A:\n    |\n", "def f(self):\n        pass\n\n    def g(self):\n        pass",
         "def f(self):\n        pass"),
        ("|\n", "@cache\ndef f():\n    return 1\n\ndef g()", "@cache\ndef f():\n    return 1"),
        ("|\n", "def f():\n    return 1\nprint(f())", "def f():\n    return 1"),
        ("|\n", "import a\nimport b\n\nx = 1\n", "import a\nimport b"),
        ("# sort it|\n", "\nx.sort()\n\n\ndef f(", "\nx.sort()"),
        ("|def f(): ...\n", "@cache\n@more\ndef f(): ...", "@cache\n@more\ndef f(): ...\n"),
        ("function f() {\n  |\n}\n", "g();\n  return 1;\n}\n\nfunction h", "g();\n  return 1;"),
        ("function f() {\n  |\n", "g();\n}\n\nfunction h", "g();\n}"),
        ("function f() {\n  let x = |\n", "g({\n    a: 1,\n  });\n  h();", "g({\n    a: 1,\n  });"),
        ("int x = |\n// (\n", "a; // (\nint y;", "a; // ("),
    ],
)  # fmt: skip
def test_a_completion_ends_where_a_reader_would_end_it(
    marked: str, text: str, expected: str
) -> None:
    assert ended(marked, text).rstrip() == expected.rstrip()


def test_a_body_that_the_document_has_already_is_not_written_again() -> None:
    assert ended("def f(|\n    return x\n", "x):\n    return x\n") == "x):"


@pytest.mark.parametrize("hole", chosen(90), ids=lambda hole: f"{hole.module}:{hole.line}")
def test_a_model_that_repeats_the_module_is_ended_at_the_hole(hole: Masked) -> None:
    """Real modules: what was taken out comes back, and nothing of what follows."""
    end = CompletionEnd(hole.prefix[-4000:], hole.suffix[:1000])
    given = end.feed(hole.text + hole.suffix)
    assert end.ended
    assert given.rstrip() == hole.text


code = st.text("ab :=#@\n \"'()[]{}\\é🙂", max_size=40)


@given(prefix=code, text=code, suffix=code, cuts=st.lists(st.integers(0, 40)))
def test_the_end_does_not_depend_on_the_deltas(
    prefix: str, text: str, suffix: str, cuts: list[int]
) -> None:
    """Wherever the text is cut, the same comes out, and it is a piece of the text."""
    at_once = CompletionEnd(prefix, suffix)
    whole = at_once.feed(text)
    pieces = CompletionEnd(prefix, suffix)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    shown = "".join(pieces.feed(text[a:b]) for a, b in pairwise(places))
    assert shown == whole
    assert pieces.ended is at_once.ended
    assert pieces.flush() == at_once.flush()
    if not at_once.ended:
        assert whole in text
