"""`glossator eval completion` takes the same holes out of real code, and counts what fills them."""

import ast

from glossator.evaluate.completion import Completed, report
from glossator.evaluate.masked import Masked, chosen


def test_the_holes_are_the_same_every_time_and_of_every_kind() -> None:
    holes = chosen(12)
    assert holes == chosen(12)
    assert chosen(6) == holes[:6]
    assert {hole.kind for hole in holes} == {"rest of a line", "line", "body"}
    assert len({hole.module for hole in holes}) == 12
    for hole in holes:
        ast.parse(hole.prefix + hole.text + hole.suffix)
        assert hole.parses(hole.text)
        assert not hole.parses(hole.text + "(")


HOLE = Masked("m", 2, "line", "def f(x):\n    ", "return x", "\n")


def test_a_completion_is_compared_with_what_stood_there() -> None:
    right = Completed(HOLE, "return x\n", "return x", True, 3, 5.0, 9.0)
    wrong = Completed(HOLE, "return (y", "return (y", False, 5, 7.0, 11.0)
    nothing = Completed(HOLE, "", "", True, 0, 0.0, 0.0)
    assert (right.exact, right.parses, right.similarity) == (True, True, 1.0)
    assert (wrong.exact, wrong.parses, nothing.parses) == (False, False, False)
    rows = report([right, wrong]).splitlines()
    assert rows[2] == rows[3].replace("| line |", "| all |")
    assert rows[2].startswith("| all | 2 | 0.50 | 0.50 | 0.9")
    assert rows[2].endswith("| 0.50 | 0.50 | 1.00 | 4 | 6 | 10 |")
