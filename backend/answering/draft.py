"""The prompt of one request, and the passages that fit into it. Pure."""

from dataclasses import dataclass, replace

from backend.answering.passage_budget import Fitted, fit
from backend.answering.requests import Asked
from backend.answering.written.attribution import Attribution, Unmarked, Verbatim
from backend.answering.written.loops import Loops
from backend.answering.written.support import Support
from backend.ports import Prompt, Retrieved
from backend.protocol.wire import EXTRACTIVE
from backend.retrieval.citing import cite
from backend.settings import Generation

_LEAST_PASSAGE_TOKENS = 150.0


@dataclass(frozen=True, slots=True)
class Draft:
    """``request`` is as the model may see it, ``found`` is everything that was retrieved for it.

    ``fitted`` holds the passages that are in the ``prompt``, within ``tokens``. ``sparing`` says
    that these are few because the machine is slow, which is not worth a notice each time.
    """

    request: Asked
    found: Retrieved
    fitted: Fitted
    prompt: Prompt
    generation: Generation
    tokens: float
    sparing: bool = False

    @classmethod
    def of(
        cls,
        request: Asked,
        found: Retrieved,
        generation: Generation,
        tokens: float,
        *,
        sparing: bool = False,
        salt: str = "",
        traceparent: str = "",
    ) -> "Draft":
        fitted = fit(found.passages, request.question, tokens)
        prompt = replace(
            request.prompt(fitted.passages, generation, salt),
            late=found.late,
            answerable=found.answerable,
            traceparent=traceparent,
        )
        return cls(request, found, fitted, prompt, generation, tokens, sparing)

    def shorter(self) -> "Draft":
        """The draft with a quarter of the room for passages, or without any if that is little."""
        tokens = self.tokens / 4
        return Draft.of(
            self.request,
            self.found,
            self.generation,
            tokens if tokens >= _LEAST_PASSAGE_TOKENS else 0.0,
            salt=self.prompt.cache_salt,
            traceparent=self.prompt.traceparent,
        )

    def attribution(self, model: str) -> Attribution | Verbatim | Unmarked:
        """Puts citations into the answer. Code that replaces code gets none."""
        passages = self.fitted.passages
        if model == EXTRACTIVE or not passages:
            return Verbatim()
        _, numbers = cite(passages)
        support = Support(passages, numbers)
        return Attribution(support) if self.request.cites else Unmarked(support)

    @property
    def loops(self) -> Loops | None:
        """Notices an endless answer; None for code that replaces code, which may repeat itself."""
        return Loops() if self.request.cites else None
