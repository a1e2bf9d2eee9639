"""Ends an answer before a stop string, in what is said and not in what is thought."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from backend.generators.chat.thinking import Thinking
from backend.ports import TextDelta


class StopStrings:
    """Ends a text before the first stop string, which may be split over several pieces. Pure.

    It holds back the end of the text that could still become a stop string.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.found = False
        self._stops = [stop for stop in stops if stop]
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that is certain now; when a stop string was ``found``, the rest of the text."""
        text = self._held + piece
        starts = [start for stop in self._stops if (start := text.find(stop)) >= 0]
        if starts:
            self.found, self._held = True, ""
            return text[: min(starts)]
        hold = max((_overlap(text, stop) for stop in self._stops), default=0)
        certain, self._held = text[: len(text) - hold], text[len(text) - hold :]
        return certain

    def flush(self) -> str:
        """The text that was held back, when no more follows."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of ``text`` with which ``stop`` begins."""
    return next((n for n in range(len(stop) - 1, 0, -1) if text.endswith(stop[:n])), 0)


class SpokenStops:
    """``StopStrings`` for a text that may begin with thinking, which passes unsearched. Pure."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = StopStrings(stops)
        self._thinking = Thinking()
        self._thought = ""  # that is not yet passed on

    @property
    def found(self) -> bool:
        return self._stops.found

    def feed(self, piece: str) -> str:
        if self._thinking.said:
            return self._stops.feed(piece)
        self._thought += piece
        return self._pass_on(self._thinking.feed(piece))

    def flush(self) -> str:
        rest = "" if self._thinking.said else self._pass_on(self._thinking.flush())
        thought, self._thought = self._thought, ""
        return thought + rest + ("" if self.found else self._stops.flush())

    def _pass_on(self, said: str) -> str:
        """The thinking so far, and what is said after it."""
        if not (self._thinking.said or self._thinking.inside):
            return ""
        thought, self._thought = self._thought, ""
        return thought[: len(thought) - len(said)] + (self._stops.feed(said) if said else "")


async def spoken(
    deltas: AsyncGenerator[TextDelta], opened: str, stops: Sequence[str]
) -> AsyncGenerator[TextDelta]:
    """The deltas of a model that may think, up to a stop string.

    ``opened`` is the tag with which the template has begun the thinking already. It is written, so
    that a reader of the answer sees where the thinking begins.
    """
    search = SpokenStops(stops)
    async with aclosing(deltas):
        async for delta in deltas:
            text = search.feed(opened + delta.text)
            opened = ""
            if search.found:
                yield replace(delta, text=text, finish="stop")
                return
            if delta.finish:
                text += search.flush()
                if search.found:
                    yield replace(delta, text=text, finish="stop")
                    return
            yield replace(delta, text=text)
