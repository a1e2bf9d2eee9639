"""The rules that both chunkers share."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.chunkers.blocks import Block, blocks, first_example, first_paragraph, pack


def test_fenced_code_is_one_block_whatever_is_in_it() -> None:
    """Blank lines, headings and other fences inside a fence do not end it."""
    page = "Before.\n\n````python\na = 1\n\n# not a heading\n```\nb\n````\nAfter."
    assert [(part.text, part.code) for part in blocks(page)] == [
        ("Before.", False),
        ("````python\na = 1\n\n# not a heading\n```\nb\n````", True),
        ("After.", False),
    ]


def test_literal_block_after_double_colon_is_one_code_block() -> None:
    """reStructuredText's indented literal blocks keep their blank lines."""
    page = "Run it::\n\n    first\n\n    second\n\nThen look."
    assert [(part.text, part.line, part.code) for part in blocks(page)] == [
        ("Run it::", 0, False),
        ("    first\n\n    second", 2, True),
        ("Then look.", 6, False),
    ]


def test_doctest_is_code() -> None:
    assert [part.code for part in blocks("Like this:\n\n>>> f(1)\n2")] == [False, True]


def test_further_paragraph_of_a_parameter_stays_with_it() -> None:
    page = "n : int\n    Length.\n\n    .. versionadded:: 2.0\nout : array\n    Result."
    assert len(blocks(page)) == 1


def test_code_is_never_cut() -> None:
    """A code block over the limit is a piece of its own, whole."""
    code = "```\n" + "\n".join(f"line_{i} = {i}" for i in range(200)) + "\n```"
    pieces = list(pack(blocks(f"Before.\n\n{code}\n\nAfter."), 300))
    assert code in [piece.text for piece in pieces]


def test_long_list_is_cut_between_its_entries() -> None:
    """A parameter's description stays with its name when it fits."""
    page = "\n".join(f"name{i} : int\n    What parameter {i} is about." for i in range(20))
    for piece in pack(blocks(page), 200):
        assert piece.text.startswith("name")
        assert len(piece.text) <= 200


def test_example_reaches_the_first_result() -> None:
    """An example that only imports shows nothing: the next statement belongs to it."""
    page = ">>> import numpy as np\n\n>>> np.add(1, 2)\n3\n\n>>> np.add(3, 4)\n7"
    assert first_example(blocks(page)) == ">>> import numpy as np\n>>> np.add(1, 2)\n3"


def test_long_example_ends_with_a_whole_statement() -> None:
    page = "\n".join(f">>> step({i})\n{'x' * 40}" for i in range(40))
    example = first_example(blocks(page), 200)
    assert len(example) <= 200
    assert example.endswith("x" * 40)
    assert example.startswith(">>> step(0)")


def test_example_of_a_fence_is_its_code() -> None:
    assert first_example(blocks("Text.\n\n```python\nprint(1)\n```")) == "print(1)"


def test_first_paragraph_is_one_line() -> None:
    assert first_paragraph(blocks(">>> code\n\nTwo\nlines.\n\nMore.")) == "Two lines."


@given(st.text(alphabet="ab \n`>:.-=", max_size=400), st.integers(1, 60))
def test_no_text_is_lost(page: str, limit: int) -> None:
    """Every visible character comes out once, in order, whatever the page looks like."""

    def visible(parts: list[Block]) -> str:
        return "".join("".join(part.text.split()) for part in parts)

    assert visible(list(pack(blocks(page), limit))) == "".join(page.split())


@given(st.text(alphabet="ab \n`>:", max_size=300))
def test_prose_stays_within_the_limit(page: str) -> None:
    assert all(len(piece.text) <= 50 or piece.code for piece in pack(blocks(page), 50))
