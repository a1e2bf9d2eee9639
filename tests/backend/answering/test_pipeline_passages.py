"""The passages of an answer: as many as the engine has room for, and cited where they help."""

import pytest

from backend.errors import TooLarge
from backend.ports import Retrieved, TextDelta
from backend.protocol.wire import (
    Citations,
    Notice,
)
from indexer.types import Chunk, Passage
from tests.fixtures.pipeline import (
    Found,
    Scripted,
    answered,
    pipeline,
    text,
)


class Narrow(Scripted):
    """A generator whose context has room for so many characters."""

    def __init__(self, characters, *deltas):
        super().__init__(*deltas)
        self.characters = characters

    async def stream(self, prompt, sampling, request_id):
        if sum(len(message.text) for message in prompt.messages) > self.characters:
            self.prompts.append(prompt)
            raise TooLarge("The prompt does not fit. Select less code.")
        async for delta in super().stream(prompt, sampling, request_id):
            yield delta


def long_passages(count):
    return Found(
        Retrieved(
            tuple(
                Passage(Chunk(source="s", uri=f"file:///{n}", title="t", text="word " * 700), 0.5)
                for n in range(count)
            ),
            "v1",
        )
    )


@pytest.mark.parametrize(("characters", "left"), [(100_000, 3), (3_500, 2), (700, 0)])
async def test_passages_never_make_a_question_unanswerable(characters, left):
    """What the engine has no room for is left out, and said; citations are of what is left."""
    generator = Narrow(characters, TextDelta("answer"))
    frames = await answered(pipeline(generator, long_passages(3)))

    assert text(frames) == "answer"
    [citations] = [frame for frame in frames if isinstance(frame, Citations)]
    assert len(citations.citations) == len(generator.prompts[-1].passages) == left
    told = [frame for frame in frames if isinstance(frame, Notice)]
    assert [frame.about for frame in told] == ["passages", "citations"][: 2 if left else 1]
    assert "too long for the prompt" in told[0].message


async def test_a_question_that_is_too_long_by_itself_is_told_so():
    generator = Narrow(10, TextDelta("answer"))
    frames = await answered(pipeline(generator, long_passages(3)))

    assert frames[-1].code == "too_large"
    assert generator.prompts[-1].passages == ()


async def test_a_supported_sentence_is_cited_and_nothing_is_said_of_it():
    found = Retrieved(
        (Passage(Chunk("s", "file:///a", "t", "x", symbol="numpy.roots"), 0.5),), "v1"
    )
    frames = await answered(
        pipeline(Scripted(TextDelta("Use `numpy.ro"), TextDelta("ots`.")), Found(found))
    )
    assert text(frames) == "Use `numpy.roots`. [1]"
    assert not [frame for frame in frames if isinstance(frame, Notice)]
