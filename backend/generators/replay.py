"""What a repeated answer has to say that its reader does not have yet. Pure.

An answer that was interrupted is made again, from as far back as need be: by another replica of
the generator, or by another gateway. Either way the reader must see no character twice or never.
"""

from backend.errors import Interrupted


class Replay:
    """Takes from the beginning of an answer the ``text`` that its reader has already."""

    def __init__(self, text: str = "") -> None:
        self._left = text

    def feed(self, text: str) -> str:
        """The part of the answer's next piece that is new.

        Raises ``Interrupted`` when it is another answer: there is no way to go on from the old.
        """
        known, new = text[: len(self._left)], text[len(self._left) :]
        if not self._left.startswith(known):
            raise _other_answer()
        self._left = self._left[len(known) :]
        return new

    def end(self) -> None:
        """The answer is complete. Raises ``Interrupted`` when it is shorter than the old one."""
        if self._left:
            raise _other_answer()


def _other_answer() -> Interrupted:
    return Interrupted(
        "The answer was interrupted, and what followed did not fit its beginning. Ask again."
    )
