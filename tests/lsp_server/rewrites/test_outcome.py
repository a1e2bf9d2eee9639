"""From an answer to a rewrite: code told from prose, checked, cut into hunks, found again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.documents.fences import Fences
from lsp_server.documents.text import split_lines
from lsp_server.rewrites import checks, outcome
from lsp_server.rewrites.proposal import Proposal

ANSWER = (
    "Before ```x\n```python\nx = '``'\ny ```\n    ```\n```\nAfter `code`.\n```python\nsecond\n```\n"
)
SOURCE = """\
import os


class Box:
    def open(self, key: str) -> bool:
        result = []
        for each in key:
            result.append(each)
        return bool(result)

    def _hidden(self):
        return 1
"""
LINES = split_lines(SOURCE)


@given(st.lists(st.integers(0, len(ANSWER)), max_size=12))
def test_code_and_prose_come_apart_however_the_answer_is_cut(cuts):
    """The first block is the code; what is passed on at once and what is kept are the same."""
    fences = Fences()
    bounds = [0, *sorted(cuts), len(ANSWER)]
    told = [
        part for begin, end in itertools.pairwise(bounds) for part in fences.feed(ANSWER[begin:end])
    ]
    told += fences.end()
    assert fences.code == "".join(text for kind, text in told if kind == "code")
    assert fences.prose == "".join(text for kind, text in told if kind == "prose")
    assert fences.code == "x = '``'\ny ```\n    ```\n"
    assert fences.prose == "Before ```x\nAfter `code`.\n```python\nsecond\n```\n"


def test_a_block_that_is_never_closed_is_code():
    fences = Fences()
    list(fences.feed("~~~\na\nb"))
    list(fences.end())
    assert (fences.code, fences.closed) == ("a\nb", False)


@pytest.mark.parametrize(
    ("rows", "code", "found"),
    [
        ((5, 8), "        return bool(list(key))\n", []),
        ((5, 8), "        return bool(list(key)\n", ["The rewritten code does not parse."]),
        ((4, 8), "    def open(self, name):\n        return True\n",
         ["The signature of `Box.open` is changed."]),
        ((4, 8), "    def shut(self):\n        return True\n", ["`Box.open` is gone."]),
        ((10, 11), "    def _other(self):\n        return 1\n", []),
        ((5, 8), "        def open(self, key):\n            return 1\n",
         ["The rewrite repeats `open`, which is around the selected code."]),
        ((5, 8), "  \n", ["The answer holds no code."]),
    ],
    ids=["good", "broken", "signature", "gone", "private", "too much", "empty"],
)  # fmt: skip
def test_a_rewrite_is_checked(rows, code, found):
    """It parses, keeps what others may use, and stays inside the selection."""
    problems = checks.problems("python", LINES, *rows, code, complete=True)
    lost = checks.lost("python", LINES, *rows, code) if code.strip() else []
    assert [*problems, *lost] == found


def test_an_answer_that_was_cut_off_is_not_offered():
    code = "        return bool(list(key))\n"
    [problem] = checks.problems("python", LINES, 5, 8, code, complete=False)
    assert "cut off" in problem


def test_code_around_that_does_not_parse_is_not_held_against_the_rewrite():
    """Half-typed documents are the rule."""
    lines = split_lines("def (:\n" + SOURCE)
    assert checks.problems("python", lines, 6, 9, "        return key\n", complete=True) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    a\n    b\n", "x\ny\n", "    x\n    y\n"),
        ("    a\n", "    x\n\n", "    x\n"),
        ("a", "x\n", "x"),
        ("\ta\r\n", "x\nif y:\n    z\n", "\tx\r\n\tif y:\r\n\t    z\r\n"),
    ],
    ids=["indented", "as it was", "no final end", "CRLF"],
)
def test_new_code_takes_the_place_of_the_old(old, new, expected):
    """Its indentation and its line ends."""
    assert outcome.fit(old, new) == expected


OLD = "".join(f"line {n}\n" for n in range(10))
NEW = OLD.replace("line 2\n", "two\nand a half\n").replace("line 7\n", "")


def applied(document, edits):
    lines = split_lines(document)
    for edit in edits:
        lines[edit.first : edit.after] = [edit.text]
    return "".join(lines)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_hunks_are_accepted_one_by_one_in_any_order(order):
    """Each moves those that follow; typing around them does, too."""
    proposal = Proposal("u", 0, OLD, NEW)
    document = OLD
    for number in order:
        document = "typed above\n" + document
        edits = proposal.edits(split_lines(document), [number])
        document = applied(document, edits)
        proposal.accept([number])
    assert document == "typed above\n" * 2 + NEW


def test_all_hunks_at_once():
    proposal = Proposal("u", 0, OLD, NEW)
    assert applied(OLD, proposal.edits(split_lines(OLD), [0, 1])) == NEW


def test_code_that_has_changed_is_left_alone():
    proposal = Proposal("u", 0, OLD, NEW)
    assert proposal.edits(split_lines(OLD.replace("line 5", "line five")), [0]) is None


def test_what_the_user_took_back_can_be_accepted_again():
    proposal = Proposal("u", 0, OLD, NEW)
    proposal.accept([0])
    assert applied(OLD, proposal.edits(split_lines(OLD), [0])) != OLD


def test_code_that_stands_twice_is_not_guessed_at():
    """Where it was, it still is; moved, it could be either."""
    proposal = Proposal("u", 1, "x\n", "y\n")
    assert applied("a\nx\nx\n", proposal.edits(split_lines("a\nx\nx\n"), [0])) == "a\ny\nx\n"
    assert proposal.edits(split_lines("a\nb\nx\nx\n"), [0]) is None


@given(st.lists(st.sampled_from(["a\n", "b\n", "c\n"])), st.lists(st.sampled_from(["a\n", "d\n"])))
def test_accepting_everything_gives_the_rewrite(old, new):
    before, after = "".join(old) or "x\n", "".join(new)
    proposal = Proposal("u", 0, before, after)
    every = [change.id for change in proposal.changes]
    assert applied(before, proposal.edits(split_lines(before), every)) == after
