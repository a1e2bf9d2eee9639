"""Tells what a reasoning model thinks from what it says. Pure.

Such a model writes its thinking first, between tags. A template may have opened the first tag, and
an upstream may send thinking apart; generators then write the tags themselves.
"""

TAGS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"))
OPEN, CLOSE = TAGS[0]


class Thinking:
    """Takes thinking out of a text, which may be cut anywhere, also within a tag.

    Only what stands at the beginning is thinking. A tag later in an answer is part of it.
    """

    def __init__(self, *, possible: bool = True) -> None:
        self.thought = False  # it has begun to think
        self.said = not possible  # it has begun to answer
        self._close = ""  # the tag that ends the thinking, if it thinks
        self._held = ""

    @property
    def inside(self) -> bool:
        return bool(self._close)

    def feed(self, text: str) -> str:
        """The part of the text that is no thinking, as far as that is certain."""
        if self.said:
            return text
        self._held += text
        while not self.said:
            if self._close:
                before, closed, rest = self._held.partition(self._close)
                if not closed:
                    self._held = before[-len(self._close) + 1 :]
                    return ""
                self._held, self._close = rest, ""
            begun = self._held.lstrip()
            opened = next((pair for pair in TAGS if begun.startswith(pair[0])), None)
            if opened:
                self.thought, self._close = True, opened[1]
                self._held = begun[len(opened[0]) :]
            elif any(tag.startswith(begun) for tag, _ in TAGS):  # also if there is nothing yet
                return ""
            else:
                return self._says()
        return ""

    def flush(self) -> str:
        """What was held back, when the text has ended."""
        held = self._held.lstrip()
        if self.said or self._close or (self.thought and not held):
            return ""
        return self._says()

    def _says(self) -> str:
        self.said = True
        held, self._held = self._held, ""
        return held.lstrip() if self.thought else held
