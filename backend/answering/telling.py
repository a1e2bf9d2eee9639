"""Tells the reader of an answer what the pipeline has found out, frame by frame."""

from collections.abc import Iterable

from backend.answering.answer import Answer
from backend.answering.draft import Draft
from backend.answering.progress import Progress
from backend.answering.written.attribution import Attribution, Unmarked, Verbatim
from backend.answering.written.names_check import NamesCheck
from backend.generators.extractive import UNLIKELY
from backend.generators.replay import Replay
from backend.protocol.wire import EXTRACTIVE, Citations, Delta, Finished, FinishReason, Notice
from backend.rails.output.outgoing import Outgoing
from backend.retrieval.citing import cite

UNGROUNDED = (
    "The documentation cannot be searched now, so this answer is not from it. The operator finds "
    "the reason at /readyz and in the log."
)

UNSUPPORTED = (
    "Nothing in the documentation that was found supports this answer. It comes from what the "
    "model learnt, so check it."
)

LOOP = (
    "The model began to repeat itself, so the answer was ended here. Ask in other words, or about "
    "one thing at a time."
)

ONLY_THOUGHT = (
    "The model only thought and said nothing. Ask for less at once, or let it write more: the "
    "operator sets [generation] max_tokens."
)

UNLIKELY_ANSWERED = (
    "Nothing that is indexed seems to answer this question, so check the answer with care."
)


class Shown:
    """What a reader sees of the text that a model writes.

    The guards come first. After them the citations are put in, and then what the client has
    already is left out, so that guards, citations and names always see the whole answer.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        citing: Attribution | Verbatim | Unmarked,
        names: NamesCheck,
        replay: Replay,
    ) -> None:
        self._outgoing = outgoing
        self._citing = citing
        self._names = names
        self._replay = replay

    def feed(self, text: str) -> str:
        cited = self._citing.feed(self._outgoing.feed(text))
        self._names.feed(cited)
        return self._replay.feed(cited)

    def end(self) -> str:
        rest = self._citing.feed(self._outgoing.flush()) + self._citing.flush()
        self._names.feed(rest)
        shown = self._replay.feed(rest)
        self._replay.end()
        return shown


def introduce(answer: Answer, draft: Draft, notices: Iterable[str], model: str) -> None:
    """What the reader should know before the text: notices, and the sources of the answer."""
    for message in notices:
        warn(answer, message)
    if draft.fitted.said and not draft.sparing:
        answer.emit(Notice, about="passages", message=draft.fitted.said)
    found = draft.found
    unlikely = found.answerable is not None and found.answerable < UNLIKELY
    if unlikely and model != EXTRACTIVE:  # which says so itself
        answer.emit(Notice, about="answerability", message=UNLIKELY_ANSWERED)
    if found.failed:
        answer.emit(Notice, about="retrieval", message=UNGROUNDED)
    citations, _ = cite(draft.fitted.passages, excerpts=draft.request.excerpts)
    answer.emit(Citations, citations=citations, dataset=found.dataset, late=found.late)


def warn(answer: Answer, message: str) -> None:
    answer.emit(Notice, about="rails", message=message)


def show(answer: Answer, text: str, progress: Progress) -> None:
    """The next text of the answer, if there is any."""
    if not text:
        return
    if not progress.ttft_ms:
        progress.ttft_ms = progress.elapsed_ms()
    answer.emit(Delta, text=text)


def finish(answer: Answer, reason: FinishReason, progress: Progress) -> None:
    answer.emit(
        Finished,
        reason=reason,
        usage=progress.usage(),
        timings=progress.timings(),
        cited=progress.cited,
    )
