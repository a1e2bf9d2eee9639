"""Runs the input rails over everything a question carries, side by side, within a budget."""

import asyncio
from collections.abc import Sequence

import msgspec

from backend.errors import Blocked
from backend.ports import Rail, Verdict
from backend.rails.redaction import redact
from backend.wire import Ask


async def screen(ask: Ask, rails: Sequence[Rail], budget_ms: float) -> tuple[Ask, list[str]]:
    """The question as a model may see it, and what to tell the user about the difference.

    Raises ``Blocked``. A rail that raises or is late is decided by its own ``on_failure``.
    """
    if not rails:
        return ask, []
    texts = _texts(ask)
    judged = await asyncio.gather(*(_check(rail, texts, budget_ms) for rail in rails))
    notices = []
    for verdicts in judged:
        for verdict in verdicts:
            if verdict.action == "block":
                raise Blocked(f"The question was not passed on: {verdict.reason}.")
            if verdict.action == "redact" and verdict.reason not in notices:
                notices.append(verdict.reason)
    if not notices:
        return ask, []
    cleaned = [
        redact(text, [span for verdict in column for span in verdict.spans])
        for text, column in zip(texts, zip(*judged, strict=True), strict=True)
    ]
    return _with_texts(ask, cleaned), [
        f"Part of your question was removed: {reason}." for reason in notices
    ]


async def _check(rail: Rail, texts: list[str], budget_ms: float) -> list[Verdict]:
    try:
        async with asyncio.timeout(budget_ms / 1000):
            return await rail.check(texts)
    except Exception as error:
        if rail.on_failure == "block":
            why = "took too long" if isinstance(error, TimeoutError) else "failed"
            raise Blocked(
                f"The {rail.name} rail {why}; try again, or tell the operator."
            ) from error
        return [Verdict() for _ in texts]


def _texts(ask: Ask) -> list[str]:
    texts = [ask.question, ask.instructions, *(turn.text for turn in ask.history)]
    if ask.context:
        texts.append(ask.context.text)
        if ask.context.selection:
            texts.append(ask.context.selection.text)
    return texts


def _with_texts(ask: Ask, texts: list[str]) -> Ask:
    """The inverse of ``_texts``."""
    replace = msgspec.structs.replace
    question, instructions, *rest = texts
    history = tuple(replace(turn, text=rest.pop(0)) for turn in ask.history)
    context = ask.context
    if context:
        context = replace(context, text=rest.pop(0))
        if context.selection:
            context = replace(context, selection=replace(context.selection, text=rest.pop(0)))
    return replace(
        ask, question=question, instructions=instructions, history=history, context=context
    )
