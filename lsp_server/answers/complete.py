"""A complete answer, as the backend gave it. Pure."""

from dataclasses import dataclass

from backend.protocol import wire


@dataclass(frozen=True, slots=True)
class CompleteAnswer:
    """Its text, what the text refers to, and how it ended.

    ``text`` may be drawn; ``raw`` is what the model wrote, and what it is shown of it later.
    """

    model: str
    text: str
    citations: tuple[wire.Citation, ...]
    finished: wire.Finished
    raw: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is worth remembering: not cancelled, not blocked."""
        return bool(self.text) and self.finished.reason in ("stop", "length")
