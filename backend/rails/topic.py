"""The topic rail: whether a question is about what is indexed. Pure, and at no extra cost.

It judges by what retrieval found out anyway: the question's cosine to the nearest chunk, and to
the subjects that are allowed and denied. A follow-up ("and in two dimensions?") is near to nothing
by itself: judge what opens a conversation, and code by the question that comes with it.
"""

from collections.abc import Sequence

from backend.ports import Retrieved
from backend.settings import TopicRail

_NAMED = 5  # sources that a refusal names


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
