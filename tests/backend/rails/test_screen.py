"""Screening: every text of a question is judged, and a rail's failure is decided by its policy."""

import asyncio
import json
import logging

import pytest

from backend.errors import Blocked
from backend.metrics import Metrics
from backend.ports import Span
from backend.protocol.wire import Ask, Context, File, Remark, Selection, Turn
from backend.rails.input.secrets import SecretsRail
from backend.rails.policy import Guarded, Policy
from backend.rails.screen import Screen
from backend.records.audit import Audit

TOKEN = "ghp_" + "a1B2" * 9


def question(**fields):
    return Ask(**({"id": "r", "question": "q"} | fields))


class Scripted:
    """A rail that does as it is told."""

    name = "scripted"

    def __init__(self, check, parts=("question", "conversation", "code")):
        self.check = check
        self.parts = frozenset(parts)

    def start(self):
        return

    async def state(self):
        return ""


async def whole(texts):
    return [(Span(0, len(text), "something"),) for text in texts]


async def nothing(texts):
    return [() for _ in texts]


async def fails(texts):
    raise ConnectionError("the model is gone")


async def hangs(texts):
    await asyncio.Event().wait()


def screen(rail, action="redact", on_failure="block", budget_ms=1000):
    return Screen([Guarded(rail, Policy(action, on_failure, budget_ms))], Audit(Metrics()), "acme")


@pytest.mark.parametrize(
    "ask",
    [
        question(question=f"is {TOKEN} ok?"),
        question(instructions=TOKEN),
        question(history=(Turn("user", "a"), Turn("assistant", TOKEN))),
        question(context=Context(uri="u", text=TOKEN)),
        question(context=Context(uri="u", text="x", selection=Selection(TOKEN, 1, 1))),
        question(context=Context(uri="u", files=(File("f", "a"), File("g", TOKEN)))),
        question(context=Context(uri="u", remarks=(Remark(f"in {TOKEN}", 1, 1, fix=TOKEN),))),
        question(context=Context(uri="u", diff=f"+{TOKEN}", selection=Selection("x", 1, 1))),
    ],
    ids=[
        "question",
        "instructions",
        "history",
        "code",
        "selection",
        "file",
        "remark",
        "diff",
    ],
)
async def test_a_secret_is_removed_wherever_the_question_carries_it(ask):
    cleaned, notices = await screen(SecretsRail()).redact(ask)

    assert TOKEN not in str(cleaned)
    assert str(cleaned).count("q") == str(ask).count("q")
    assert len(notices) == 1
    assert "GitHub token" in notices[0]


async def test_a_clean_question_passes_untouched_and_unremarked():
    ask = question(context=Context(uri="u", text="x = 1"))
    assert await screen(SecretsRail()).redact(ask) == (ask, [])
    assert await screen(SecretsRail(), "block").judge(ask) == []


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        (("question",), ["q"]),
        (("code",), ["text", "u", "selected"]),
        (("question", "conversation"), ["i", "turn", "q"]),
    ],
)
async def test_a_rail_reads_only_its_parts(parts, read):
    seen = []

    async def look(texts):
        seen.extend(texts)
        return [() for _ in texts]

    ask = question(
        instructions="i",
        history=(Turn("user", "turn"),),
        context=Context(uri="u", text="text", selection=Selection("selected", 1, 1)),
    )
    await screen(Scripted(look, parts), "block").judge(ask)
    assert seen == read


async def test_block_refuses_naming_the_kind():
    with pytest.raises(Blocked, match="something"):
        await screen(Scripted(whole), "block").judge(question())


async def test_warn_tells_and_lets_pass():
    (notice,) = await screen(Scripted(whole), "warn").judge(question())
    assert "something" in notice


async def test_allow_lets_pass_in_silence():
    assert await screen(Scripted(whole), "allow").judge(question()) == []


async def test_redaction_is_no_business_of_judging_and_judging_none_of_redaction():
    assert await screen(Scripted(whole), "redact").judge(question()) == []
    assert await screen(Scripted(whole), "block").redact(question()) == (question(), [])


@pytest.mark.parametrize(("check", "why"), [(fails, "not working"), (hangs, "took too long")])
async def test_a_rail_that_fails_closed_blocks(check, why):
    with pytest.raises(Blocked, match=why):
        await screen(Scripted(check), "redact", budget_ms=20).redact(question())
    with pytest.raises(Blocked, match=why):
        await screen(Scripted(check), "block", budget_ms=20).judge(question())


@pytest.mark.parametrize("check", [fails, hangs])
async def test_a_rail_that_fails_open_lets_the_question_pass(check):
    assert await screen(Scripted(check), "block", "allow", 20).judge(question()) == []
    assert await screen(Scripted(check), "redact", "allow", 20).redact(question()) == (
        question(),
        [],
    )


@pytest.mark.parametrize(
    ("check", "action", "logged"), [(whole, "warn", "warn"), (fails, "warn", "failed")]
)
async def test_the_audit_holds_kinds_and_lengths_and_no_content(check, action, logged, caplog):
    with caplog.at_level(logging.INFO, "glossator.audit"):
        await screen(Scripted(check), action, "allow").judge(question(question=TOKEN))

    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert (line["rail"], line["action"], line["tenant"]) == ("scripted", logged, "acme")
    assert TOKEN not in record.getMessage()
    if check is whole:
        assert (line["kinds"], line["lengths"]) == (["something"], [len(TOKEN)])


async def test_a_clean_pass_is_counted_and_not_logged(caplog):
    metrics = Metrics()
    clean = Screen(
        [Guarded(Scripted(nothing), Policy("warn", "allow", 1000))], Audit(metrics), "acme"
    )
    with caplog.at_level(logging.INFO, "glossator.audit"):
        await clean.judge(question())

    counted = {"rail": "scripted", "action": "allow"}
    assert metrics.registry.get_sample_value("glossator_rail_verdicts_total", counted) == 1
    assert not caplog.records
