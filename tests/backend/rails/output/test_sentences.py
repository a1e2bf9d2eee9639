"""Sentences are judged beside the stream: cut right, in the background, closed cleanly."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Unavailable
from backend.ports import Part, Span
from backend.rails.output.sentences import SentenceCutter, SentenceWatch

ANSWER = """\
Use `rfft`. It takes v1.2 data, e.g. an array!

```python
x = stupid("no. sentence. here.")
```
Then "this." And
~~~
```
code. more. code.
~~~
the end"""
SENTENCES = [
    "Use `rfft`.",
    "It takes v1.2 data, e.g.",
    "an array!",
    'Then "this."',
    "And",
    "the end",
]


class FakeRail:
    """Finds the word `idiot`; every call waits for ``gate`` and is counted."""

    name = "toxicity"
    parts: frozenset[Part] = frozenset(("question",))

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.calls: list[list[str]] = []
        self.running = 0
        self.broken = False

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        self.calls.append(list(texts))
        self.running += 1
        try:
            assert self.running == 1
            await self.gate.wait()
        finally:
            self.running -= 1
        if self.broken:
            raise Unavailable("no weights")
        return [
            (Span(0, len(text), "toxicity: insult"),) if "idiot" in text else () for text in texts
        ]

    async def state(self) -> str:
        return ""


def cut(pieces: Sequence[str]) -> list[str]:
    cutter = SentenceCutter()
    return [sentence for piece in pieces for sentence in cutter.feed(piece)] + cutter.flush()


def test_sentences_without_code() -> None:
    assert cut([ANSWER]) == SENTENCES


@given(st.lists(st.integers(0, len(ANSWER)), max_size=20))
def test_cuts_do_not_depend_on_the_deltas(places: list[int]) -> None:
    edges = [0, *sorted(places), len(ANSWER)]
    assert cut([ANSWER[a:b] for a, b in pairwise(edges)]) == SENTENCES


def test_a_text_without_an_end_is_cut_too() -> None:
    cutter = SentenceCutter()
    assert sum(map(len, cutter.feed("word " * 1000))) > 0


async def test_toxicity_is_seen_before_the_next_delta() -> None:
    rail = FakeRail()
    async with SentenceWatch(rail) as watch:
        watch.feed("All is well. ")
        watch.feed("You idiot. ")
        assert await asyncio.wait_for(asyncio.shield(watch.verdict), 60) == "toxicity: insult"
        watch.feed("More. ")
        assert await watch.finish() == "toxicity: insult"
    assert ["More."] not in rail.calls


async def test_feeding_never_waits_and_calls_do_not_pile_up() -> None:
    """While one call of the rail hangs, sentences gather and go together in the next."""
    rail = FakeRail()
    rail.gate.clear()
    async with SentenceWatch(rail) as watch:
        watch.feed("One one. ")
        await asyncio.sleep(0)
        for word in ("two", "three", "four"):
            watch.feed(f"{word}. ")
        await asyncio.sleep(0)
        assert rail.calls == [["One one."]]
        rail.gate.set()
        assert await watch.finish() == ""
    assert rail.calls == [["One one."], ["two.", "three.", "four."]]


async def test_the_rest_is_judged_at_the_end() -> None:
    async with SentenceWatch(FakeRail()) as watch:
        watch.feed("Fine. And no full stop, idiot")
        assert not watch.verdict.done()
        assert await watch.finish() == "toxicity: insult"


async def test_a_rail_that_fails_is_told_at_the_end() -> None:
    """Unless something toxic was found by another call."""
    rail = FakeRail()
    rail.broken = True
    async with SentenceWatch(rail) as watch:
        watch.feed("Some words. ")
        with pytest.raises(Unavailable, match="no weights"):
            await watch.finish()
        rail.broken = False
        watch.feed("idiot. ")
        assert await watch.finish() == "toxicity: insult"


async def test_an_empty_answer_asks_nothing() -> None:
    rail = FakeRail()
    async with SentenceWatch(rail) as watch:
        assert await watch.finish() == ""
    assert rail.calls == []


async def test_leaving_ends_what_still_runs() -> None:
    rail = FakeRail()
    rail.gate.clear()
    async with SentenceWatch(rail) as watch:
        watch.feed("One one. ")
        await asyncio.sleep(0)
        assert rail.running == 1
    assert rail.running == 0
    assert watch.verdict.cancelled()
