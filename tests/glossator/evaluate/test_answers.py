"""`glossator eval answers` takes answers apart rightly, and finds what makes them useless."""

import pytest

from backend.protocol.wire import Citation, Failed, Finished, Notice, Timings, Usage
from glossator.evaluate.answer_figures import report
from glossator.evaluate.answer_text import degenerate, names, parses, refuses, statements
from glossator.evaluate.answers import Judge, Told
from glossator.evaluate.questions import Labelled, chosen
from indexer.types import Embedder

ANSWER = """\
## Roots
To find the roots of a polynomial, use `numpy.roots(p)`. [1] It takes lists, e.g. [3, 2]! [2][1]

- An item that says something more.
Example:

```python
import numpy as np
print(np.roots([1, 2]))
```

[1]

_An aside in italics is no statement._
"""


def test_statements_and_blocks_carry_their_citations() -> None:
    first, second, item, block = statements(ANSWER)
    assert first.text == "To find the roots of a polynomial, use `numpy.roots(p)`."
    assert first.cited == (1,)
    assert second.cited == (2, 1)
    assert (item.text, item.cited) == ("An item that says something more.", ())
    assert (block.code, block.language, block.cited) == (True, "python", (1,))


@pytest.mark.parametrize(
    ("groups", "question", "named"),
    [
        ([["numpy.roots"]], "?", True),
        ([["poly", "roots"]], "?", True),
        ([["roots"], ["poly"]], "?", False),
        ([["coefficients"]], "what are coefficients", False),  # in code alone
        ([["roots"]], "find the roots", True),
        ([["root"]], "?", False),
        ([], "?", False),
    ],
)
def test_an_answer_is_right_when_it_names_one_of_each(
    groups: list[list[str]], question: str, named: bool
) -> None:
    assert names(ANSWER, groups, question) is named


@pytest.mark.parametrize(
    ("answer", "passages", "why"),
    [
        ("[1] [2]\n[3]", [], "only citations"),
        ("  \n", [], "empty"),
        ("This line is said again.\n" * 4, [], "loop"),
        ("It begins well. " + "over and over, " * 60, [], "loop"),
        (" ".join(f"word{i}" for i in range(90)), [" ".join(f"word{i}" for i in range(200))],
         "copied"),
        (ANSWER, ["roots(p) returns the roots"], ""),
        ("x = [\n" + "    0,\n" * 30 + "]", [], ""),
    ],
)  # fmt: skip
def test_useless_answers_are_found(answer: str, passages: list[str], why: str) -> None:
    assert degenerate(answer, passages) == why


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("The documentation does not provide information about that.", True),
        ("Nothing indexed answers this.", True),
        ("There is no built-in function for it.", True),
        ("Use `x`. It returns the values that are not masked in the mask of it all.", False),
    ],
)
def test_an_answer_that_says_it_has_none_is_recognised(answer: str, refused: bool) -> None:
    assert refuses(answer) is refused


@pytest.mark.parametrize(
    ("block", "verdict"),
    [
        ("```python\nx = (1\n```", False),
        ("```\n>>> 1 + 1\n2\n```", True),
        ("```\n[[0 1]\n```", None),
        ("```bash\nls |\n```", None),
    ],
)
def test_only_python_is_parsed(block: str, verdict: bool | None) -> None:
    (said,) = statements(block)
    assert parses(said) is verdict


def told(answer: str, *notices: Notice) -> Told:
    all_of_it = Told()
    all_of_it.text = answer
    all_of_it.notices = list(notices)
    all_of_it.citations = (
        Citation(1, "numpy.roots", "file:///r.py", excerpt="Return the roots of a polynomial."),
        Citation(2, "numpy.poly", "file:///p.py", excerpt="Find the coefficients."),
    )
    all_of_it.end = Finished("1", 9, "stop", Usage(10, 0, 5), Timings(ttft_ms=3, total_ms=9))
    return all_of_it


ASKED = Labelled("roots of a polynomial?", ("numpy.roots",), "numpy", "how-to", ("numpy.roots",))


def test_an_answer_is_judged_by_its_passages_and_its_notices(word_embedder: Embedder) -> None:
    marked = Notice("1", 3, "names", "`numpy.rots` does not exist in numpy.", 0, 4)
    judged = Judge(word_embedder).judged(ASKED, told(ANSWER, marked))
    assert (judged.named, judged.found, judged.cited, judged.first) == (True, True, True, True)
    assert judged.marked == 1
    assert judged.blocks == 1
    assert judged.unparsable == 0
    assert [bool(each.by) for each in judged.statements if each.statement.code] == [True]


def test_the_report_counts_by_corpus_and_kind_and_names_errors(word_embedder: Embedder) -> None:
    judge = Judge(word_embedder)
    shed = Told()
    shed.end = Failed("1", 0, "overloaded", "later")
    none = Labelled("deploy kubernetes", (), "numpy", "unanswerable")
    text = report(
        [
            judge.judged(ASKED, told(ANSWER)),
            judge.judged(none, told("The documentation does not say.")),
            judge.judged(ASKED, shed),
        ]
    )
    assert "| answerable | 2 | 0.50 | 0.50 |" in text
    assert "| how-to | 2 |" in text
    assert "1 of 3 failed: overloaded" in text


def test_a_part_of_the_questions_is_always_the_same() -> None:
    asked = [
        Labelled(f"question {i}", (), half="develop" if i % 2 else "held-out") for i in range(40)
    ]
    some = chosen(asked, "develop", 5)
    assert len(some) == 5
    assert {each.half for each in some} == {"develop"}
    assert chosen(asked[::-1], "develop", 5) == some[::-1]
    assert len(chosen(asked, None, None)) == 40
