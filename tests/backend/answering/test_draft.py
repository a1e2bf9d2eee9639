"""Drafts: each has less of the passages than the one before, down to none."""

from backend.answering.draft import Draft
from backend.answering.requests import Completion, Question
from backend.ports import Retrieved
from backend.protocol.wire import Ask, Complete
from backend.settings import Generation
from indexer.types import Chunk, Passage

LONG = Passage(Chunk(source="s", uri="u", title="t", text="word " * 2000), 0.5)


def test_a_shorter_draft_keeps_everything_but_passages():
    question = Question(Ask(id="r", question="which word?"))
    draft = Draft.of(question, Retrieved((LONG,) * 3, late=True), Generation(), 2000.0, salt="acme")
    shorter = draft.shorter()

    assert len(shorter.prompt.messages[-1].text) < len(draft.prompt.messages[-1].text)
    assert (shorter.prompt.cache_salt, shorter.prompt.late) == ("acme", True)
    assert shorter.shorter().prompt.passages == ()


def test_a_completion_has_no_passages_to_lose():
    draft = Draft.of(Completion(Complete("r", "x = ")), Retrieved(), Generation(), 2000.0)
    assert draft.prompt.gap.prefix == "x = "
    assert draft.shorter().prompt == draft.prompt
