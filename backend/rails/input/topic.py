"""The topic rail: whether a question is about what is indexed, at almost no cost.

It judges by figures that retrieval has anyway: the question's cosine to the nearest chunk and to
the subjects that are allowed and denied, and how likely it is that something indexed answers. A
follow-up ("and in two dimensions?") is near to nothing by itself, so it is judged together with
what the user asked before. That takes two more searches, which are made only where the rail may
block. An earlier turn is the client's word, and may be made up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from backend.ports import Retrieved
from backend.protocol.wire import Turn
from backend.rails.policy import Policy
from backend.settings import TopicRail

Search = Callable[[str], Awaitable[Retrieved]]  # where the question itself was searched for
UNKNOWN = "Without a search nobody can tell whether the question is on topic. Try again."

_NAMED = 5  # sources that a refusal names
# Beside a follow-up: more of what was asked before would drown a question about something else.
_EARLIER_CHARS = 80
_EARLIER_TIMES = 2  # as long as the follow-up
_KEPT = 0.9  # of the similarity: a follow-up adds a few words, another subject leads away


class Relevance(Protocol):
    """A rail that judges a question by what was found for it; its texts are not read.

    ``kind`` is what the audit log calls a question that it refuses.
    """

    name: str
    kind: str

    async def refusal(
        self,
        question: str,
        history: Sequence[Turn],
        found: Retrieved,
        policy: Policy,
        search: Search,
    ) -> str:
        """Why the question should not be answered; empty when it may be.

        A search that was late or failed is judged too, for a policy that fails closed.
        """
        ...


class Topic:
    name = "topic"
    kind = "off topic"

    def __init__(self, settings: TopicRail) -> None:
        self._settings = settings

    async def refusal(
        self,
        question: str,
        history: Sequence[Turn],
        found: Retrieved,
        policy: Policy,
        search: Search,
    ) -> str:
        if found.late or found.failed:
            return UNKNOWN
        refusal = judge(found, self._settings)
        before = earlier(history, question)
        if not refusal or not before:
            return refusal
        refusal = denied(found, self._settings)
        if refusal or policy.action != "block":  # a mere warning is not worth two more searches
            return refusal
        return await self._follow_up(question, before, policy, search)

    async def _follow_up(self, question: str, before: str, policy: Policy, search: Search) -> str:
        alone, together = await asyncio.gather(search(before), search(f"{before}\n{question}"))
        if any(each.late or each.failed for each in (alone, together)):
            return UNKNOWN if policy.on_failure == "block" else ""
        return judge_follow_up(alone, together, self._settings)


def judge(found: Retrieved, settings: TopicRail) -> str:
    """Empty when the question is on topic or nothing is known of it, else a friendly refusal.

    A denied subject wins over the index and over an allowed one that is not nearer. Nothing is
    known when the search was late or off, or the index is empty.
    """
    denied, denied_at = _nearest(found, settings.deny)
    _, allowed_at = _nearest(found, settings.allow)
    if denied_at >= settings.subject_threshold and denied_at >= allowed_at:
        return f"Questions about {denied} are not answered here. {_instead(found.sources)}"
    if allowed_at >= settings.subject_threshold or found.similarity is None:
        return ""
    unlikely = found.answerable is not None and found.answerable < settings.answerable
    if found.similarity >= settings.threshold and not unlikely:
        return ""
    return (
        f"This does not seem to be about what is indexed here. {_instead(found.sources)} "
        "If it is about one of these, name the function, option or page you mean."
    )


def denied(found: Retrieved, settings: TopicRail) -> str:
    """As ``judge``, of the denied subjects alone."""
    return judge(replace(found, similarity=None), settings)


def earlier(history: Sequence[Turn], question: str) -> str:
    """The end of what the user asked before, to judge a follow-up by; empty when there is none."""
    asked = "\n".join(turn.text for turn in history[-_NAMED:] if turn.role == "user").strip()
    return asked[-max(_EARLIER_CHARS, _EARLIER_TIMES * len(question)) :]


def judge_follow_up(before: Retrieved, together: Retrieved, settings: TopicRail) -> str:
    """A question that is off topic by itself, by what was found for what was asked ``before`` and
    for both ``together``: it must be about the same, not only stand beside it."""
    if refusal := judge(together, settings):
        return refusal
    if together.similarity is None or before.similarity is None:
        return ""
    if together.similarity >= _KEPT * before.similarity:
        return ""
    return judge(replace(together, similarity=-1.0), settings)


def _nearest(found: Retrieved, subjects: Sequence[str]) -> tuple[str, float]:
    """The subject nearest to the question and its cosine; -1 when none was compared."""
    cosines = [(found.subjects[name], name) for name in subjects if name in found.subjects]
    cosine, name = max(cosines, default=(-1.0, ""))
    return name, cosine


def _instead(sources: Sequence[str]) -> str:
    names = [source.removeprefix("package:") for source in sources]
    if not names:
        return "Ask about the documentation that this server has indexed."
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"You can ask about {', '.join(names[:_NAMED])}{more}."
