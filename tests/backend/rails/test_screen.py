"""Screening: every text of a question is judged, and a rail's failure is decided by its policy."""

import asyncio

import pytest

from backend.errors import Blocked
from backend.ports import Span, Verdict
from backend.rails.screen import screen
from backend.rails.secrets import SecretsRail
from backend.wire import Ask, Context, Selection, Turn

TOKEN = "ghp_" + "a1B2" * 9
HIDDEN = "[GitHub token removed]"


def question(**fields):
    return Ask(**({"id": "r", "question": "q"} | fields))


class Scripted:
    """A rail that does as it is told."""

    name = "scripted"

    def __init__(self, check, on_failure="block"):
        self.check = check
        self.on_failure = on_failure


@pytest.mark.parametrize(
    ("ask", "clean"),
    [
        (question(question=TOKEN), question(question=HIDDEN)),
        (question(instructions=TOKEN), question(instructions=HIDDEN)),
        (
            question(history=(Turn("user", "a"), Turn("assistant", TOKEN))),
            question(history=(Turn("user", "a"), Turn("assistant", HIDDEN))),
        ),
        (
            question(context=Context(uri="u", text=TOKEN, selection=Selection(TOKEN, 1, 1))),
            question(context=Context(uri="u", text=HIDDEN, selection=Selection(HIDDEN, 1, 1))),
        ),
    ],
    ids=["question", "instructions", "history", "context"],
)
async def test_a_secret_is_removed_wherever_the_question_carries_it(ask, clean):
    screened, notices = await screen(ask, [SecretsRail("redact")], budget_ms=1000)

    assert screened == clean
    assert len(notices) == 1
    assert "GitHub token" in notices[0]


async def test_a_clean_question_passes_untouched_and_unremarked():
    ask = question(context=Context(uri="u", text="x = 1"))
    assert await screen(ask, [SecretsRail("block")], budget_ms=1000) == (ask, [])


async def test_a_block_says_why():
    with pytest.raises(Blocked, match="GitHub token"):
        await screen(question(question=TOKEN), [SecretsRail("block")], budget_ms=1000)


async def test_spans_of_several_rails_are_removed_together():
    async def first_letter(texts):
        return [Verdict("redact", (Span(0, 1, "letter"),), "a letter") for _ in texts]

    ask = question(question="Q " + TOKEN, instructions="I")
    screened, notices = await screen(
        ask, [Scripted(first_letter), SecretsRail("redact")], budget_ms=1000
    )
    assert screened.question == f"[letter removed] {HIDDEN}"
    assert len(notices) == 2


async def fails(texts):
    raise ConnectionError("the model is gone")


async def hangs(texts):
    await asyncio.Event().wait()


@pytest.mark.parametrize(("check", "why"), [(fails, "failed"), (hangs, "took too long")])
async def test_a_rail_that_fails_closed_blocks(check, why):
    with pytest.raises(Blocked, match=why):
        await screen(question(), [Scripted(check, "block")], budget_ms=20)


@pytest.mark.parametrize("check", [fails, hangs])
async def test_a_rail_that_fails_open_lets_the_question_pass(check):
    ask = question()
    assert await screen(ask, [Scripted(check, "allow")], budget_ms=20) == (ask, [])
