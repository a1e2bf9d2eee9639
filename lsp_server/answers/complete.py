"""A complete answer, as the backend gave it. Pure."""

from dataclasses import dataclass

from backend.protocol import wire


@dataclass(frozen=True, slots=True)
class CompleteAnswer:
    """The text of an answer, the citations in it, and how it ended.

    An editor may draw ``text``. ``raw`` is what the model wrote; the model sees it again as
    history.
    """

    model: str
    text: str
    citations: tuple[wire.Citation, ...]
    finished: wire.Finished
    raw: str = ""

    @property
    def whole(self) -> bool:
        """Whether to remember the answer: it was neither cancelled nor blocked."""
        return bool(self.text) and self.finished.reason in ("stop", "length")
