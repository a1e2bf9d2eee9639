"""Names that the indexed version lacks are marked while the answer streams, and nothing waits."""

import asyncio

import pytest

from backend.answering.answer import Answer
from backend.answering.written.names_check import NamesCheck
from backend.ports import Retrieved
from backend.protocol.wire import Notice
from indexer.types import EVERYWHERE, Chunk, Passage, Scope
from tests.fixtures.backend import FixedRetriever

ROOTS = Chunk(
    "package:numpy", "file:///roots.py", "numpy.roots", "Roots.", "function", version="2.3",
    symbol="numpy.roots", signature="numpy.roots(p)", line=7,
)  # fmt: skip
ANSWER = """\
Use `np.find_roots`:

```python
import numpy as np
r = np.find_roots([1, 2])
s = np.roots(p=[1], pp=2)
np.pi + np.linalg.anything + torch.nothing()
```
"""


@pytest.fixture
def retriever() -> FixedRetriever:
    fixed = FixedRetriever(Retrieved((Passage(ROOTS, 1.0),)))
    fixed.names = {"package:numpy": {"numpy": ["roots", "pi", "linalg"]}}
    return fixed


async def notices(
    retriever: FixedRetriever, answer: str, scope: Scope = EVERYWHERE, code: str = ""
) -> list[Notice]:
    told = Answer("1")
    async with NamesCheck(retriever, scope, code, told) as check:
        for piece in answer.splitlines(keepends=True):
            check.feed(piece)
        await check.settle()
    return [frame for frame in told.frames if isinstance(frame, Notice)]


async def test_what_does_not_exist_is_told_once_with_its_place(retriever: FixedRetriever) -> None:
    """A name in prose and code is one notice; a constant and another package are none."""
    name, keyword = await notices(retriever, ANSWER)
    assert name.about == "names"
    assert name.message == (
        "`numpy.find_roots` does not exist in numpy 2.3. The nearest name is `numpy.roots`."
    )
    assert ANSWER[name.start : name.end] == "np.find_roots"
    assert (name.instead, name.uri, name.line) == ("numpy.roots", "file:///roots.py", 7)
    assert keyword.message == "`numpy.roots` has no parameter `pp`. The nearest is `p`."
    assert ANSWER[keyword.start : keyword.end] == "pp"


async def test_imports_of_the_users_code_say_what_a_name_means(retriever: FixedRetriever) -> None:
    (told,) = await notices(retriever, "Call `n.rooots(p)`.\n", code="import numpy as n")
    assert told.instead == "numpy.roots"


async def test_what_may_not_be_looked_at_is_not_looked_up(retriever: FixedRetriever) -> None:
    assert await notices(retriever, ANSWER, Scope(())) == []
    assert await notices(retriever, ANSWER, Scope(("docs",))) == []
    retriever.failure = "gone"
    assert await notices(retriever, ANSWER) == []


async def test_no_delta_waits_for_a_lookup(retriever: FixedRetriever) -> None:
    """With an index that never answers, text passes, and leaving the block ends the lookup."""
    asked = asyncio.Event()

    async def never(*_: object) -> list[object]:
        asked.set()
        await asyncio.Event().wait()
        return []

    retriever.unknown = never  # type: ignore[method-assign,assignment]
    told = Answer("1")
    async with NamesCheck(retriever, EVERYWHERE, "", told) as check:
        check.feed(ANSWER)
        await asked.wait()
        check.feed("more `np.x` text\n")
    assert told.frames == []
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await asyncio.gather(*left, return_exceptions=True)
    assert all(task.cancelled() for task in left)


async def test_an_answer_full_of_mistakes_gets_some_notices(retriever: FixedRetriever) -> None:
    told = await notices(retriever, "".join(f"`np.x{i}`\n" for i in range(100)))
    assert len(told) == 20
