"""Leaves out of a repeated answer what its reader has already. Pure.

An interrupted answer is made again by another replica of the generator, or by another gateway. The
reader must see every character exactly once.
"""

from backend.errors import Interrupted


class Replay:
    """Leaves out ``text`` at the beginning of an answer."""

    def __init__(self, text: str = "") -> None:
        self._left = text

    def feed(self, text: str) -> str:
        """The new part of the answer's next piece.

        Raises ``Interrupted`` when this is a different answer, which cannot go on from the old one.
        """
        known, new = text[: len(self._left)], text[len(self._left) :]
        if not self._left.startswith(known):
            raise _other_answer()
        self._left = self._left[len(known) :]
        return new

    def end(self) -> None:
        """Call it at the end of the answer. Raises ``Interrupted`` if it is shorter than before."""
        if self._left:
            raise _other_answer()


def _other_answer() -> Interrupted:
    return Interrupted(
        "The answer was interrupted, and what followed did not fit its beginning. Ask again."
    )
