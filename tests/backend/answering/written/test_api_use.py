"""Names and keywords are read through imports, with their places, and variables are none."""

import pytest

from backend.answering.written.api_use import imported, parameters, uses
from backend.answering.written.code_spans import Code, Line


def code(text: str, *, language: str = "python", start: int = 0) -> Code:
    lines = []
    for line in text.split("\n"):
        lines.append(Line(line, start))
        start += len(line) + 1
    return Code(tuple(lines), language, block=True)


def named(text: str, **imports: str) -> list[str]:
    return [use.name for use in uses(code(text), imports)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import numpy as np\nnp.fft.rfft(x)", ["numpy", "numpy.fft.rfft"]),
        ("np.roots(p).real", ["numpy.roots"]),
        ("from numpy.linalg import inverse as i\ni(a)", ["numpy.linalg.inverse"] * 2),
        ("from . import x\nx.y", ["x.y"]),
        ("from numpy import *", []),
        ("np = make()\nnp.anything()", []),
        ("def f(np):\n    return np.anything", []),
        ("np.a(np.b(1), k=np.c)", ["numpy.a", "numpy.b", "numpy.c"]),
        ("this does not parse: np.roots(p and numpy.poly", ["numpy.roots", "numpy.poly"]),
        ("x = 'np.strings are none'", []),
        ("a" + ".b" * 3000, ["a" + ".b" * 3000]),
    ],
)
def test_names_are_read_in_full(text: str, names: list[str]) -> None:
    assert named(text) == names


def test_imports_of_the_users_file_count() -> None:
    assert named("rfft(x)", rfft="numpy.fft.rfft") == ["numpy.fft.rfft"]
    assert named("rfft(x)") == []
    assert uses(code("np.roots", language="rust"), {}) == []


def test_places_are_in_characters_of_the_answer() -> None:
    text = "'é😀' ; np.roots(p, größe=1)"
    (use,) = uses(code(text, start=100), {})
    assert text[use.start - 100 : use.end - 100] == "np.roots"
    (keyword,) = use.keywords
    assert text[keyword.start - 100 : keyword.end - 100] == "größe" == keyword.name


def test_imports_are_read_from_code_that_does_not_parse() -> None:
    broken = "import numpy as np, os\nfrom a.b import c as d, e\ndef half(:\n  import x.y"
    assert imported(broken) == {"np": "numpy", "os": "os", "d": "a.b.c", "e": "a.b.e", "x": "x"}
    assert imported("import numpy as np\n" + "x = 1\n" * 10_000) == {"np": "numpy"}


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("numpy.fft.irfft(a, n=None, axis=-1, *, norm=None)", {"a", "n", "axis", "norm"}),
        ("numpy.add(x1, x2, /, out=None, *, where=True[, signature, extobj])",
         {"x1", "x2", "out", "where", "signature", "extobj"}),
        ("f(a: dict[str, int] = {'x': (1, 2)}, *rest) -> int", {"a"}),
        ("f(x[, y])", {"x", "y"}),
        ("f()", set()),
        ("f(a, **more)", None),
        ("f(a, ...)", None),
        ("CONSTANT", None),
    ],
)  # fmt: skip
def test_parameters_are_read_from_signatures(signature: str, names: set[str] | None) -> None:
    assert parameters(signature) == names
