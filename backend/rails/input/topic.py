"""The topic rail: whether a question is about what is indexed. Pure, and at no extra cost.

It judges by what retrieval found out anyway: the question's cosine to the nearest chunk, and to
the subjects that are allowed and denied. A follow-up ("and in two dimensions?") is near to nothing
by itself. It is judged together with what the user asked before, which two more searches find out,
and only where the rail may block: an earlier turn is the client's word, and may be made up.
"""

from collections.abc import Sequence
from dataclasses import replace

from backend.ports import Retrieved
from backend.protocol.wire import Turn
from backend.settings import TopicRail

_NAMED = 5  # sources that a refusal names
# Beside a follow-up: more of what was asked before would drown a question about something else.
_EARLIER_CHARS = 80
_EARLIER_TIMES = 2  # as long as the follow-up
_KEPT = 0.9  # of the similarity: a follow-up adds a few words, another subject leads away


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
    if found.similarity >= settings.threshold:
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
