"""What a real model answers: named rightly, cited by the system, checked against the index.

``GLOSSATOR_TEST_MODEL=FOLDER`` names an instruct model, such as Qwen2.5-Coder-0.5B-Instruct or
SmolLM2-360M-Instruct. Without one, the tiny model stands in: it writes at random, so only what
holds of any answer is tested.
"""

import os
import re
import uuid

import pytest

from backend.protocol.wire import Ask, Citations, Delta, Finished, Notice
from glossator.evaluate.answer_text import degenerate, refuses, statements

REAL = os.environ.get("GLOSSATOR_TEST_MODEL", "")
QUESTIONS = {
    "how do I compute the inverse FFT of a real signal?": "irfft",
    "how do I get the frequencies that belong to the output of rfft?": "rfftfreq",
    "move the zero frequency to the middle of the spectrum": "fftshift",
}
pytestmark = pytest.mark.engine
real_only = pytest.mark.skipif(not REAL, reason="GLOSSATOR_TEST_MODEL names no model folder")


@pytest.fixture(scope="module")
def answering(start_backend, stop_backend, tiny_model, own_data, tmp_path_factory):
    settings = tmp_path_factory.mktemp("settings") / "glossator.toml"
    settings.write_text(
        "[generation]\nmax_tokens = 200\n[vllm]\nmax_model_len = 4096\ncpu_kvcache_gib = 1\n"
        "[retrieval]\nbudget_ms = 10000\n"
    )
    backend = start_backend(
        "--engine", "vllm", "--model", REAL or str(tiny_model),
        "--data", str(own_data), "--config", str(settings),
    )  # fmt: skip
    yield backend
    stop_backend(backend)


@pytest.fixture(scope="module")
async def answers(answering, connect_to):
    """The frames of each answer, by question."""
    async with connect_to(answering) as client:
        return {
            question: await client.ask(Ask(id=uuid.uuid4().hex, question=question, excerpts=True))
            for question in QUESTIONS
        }


def text(frames):
    return "".join(frame.text for frame in frames if isinstance(frame, Delta))


def test_every_citation_is_of_a_passage_and_marks_point_into_the_text(answers):
    for frames in answers.values():
        assert isinstance(frames[-1], Finished)
        (citations,) = (frame.citations for frame in frames if isinstance(frame, Citations))
        assert all(citation.excerpt for citation in citations)
        numbers = {citation.number for citation in citations}
        written = {number for each in statements(text(frames)) for number in each.cited}
        assert written <= numbers
        for mark in (f for f in frames if isinstance(f, Notice) and f.about == "names"):
            assert re.fullmatch(r"[\w.]+", text(frames)[mark.start : mark.end])


@real_only
def test_most_answers_name_what_is_asked_for_and_cite_it(answers):
    right = 0
    for question, frames in answers.items():
        (citations,) = (frame.citations for frame in frames if isinstance(frame, Citations))
        entry = {c.number for c in citations if c.title == f"numpy.fft.{QUESTIONS[question]}"}
        cited = {number for each in statements(text(frames)) for number in each.cited}
        right += QUESTIONS[question] in text(frames) and bool(entry & cited)
    assert right >= 2


@real_only
def test_no_answer_is_useless(answers):
    for frames in answers.values():
        assert degenerate(text(frames), []) == ""


@real_only
async def test_what_is_not_documented_is_not_said_to_be(answering, connect_to):
    async with connect_to(answering) as client:
        frames = await client.ask(Ask(id="k", question="how do I deploy kubernetes on bare metal?"))
    told = [frame.about for frame in frames if isinstance(frame, Notice)]
    assert told or refuses(text(frames))
