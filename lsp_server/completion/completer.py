"""Decides which completion to ask for, which one to wait for and which ones to remember.

At most one completion is under way. It outlives the request that began it, because an editor
cancels that request with every key. While the user types what the completion says, the newest
request waits for it; anything else ends it.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import aclosing
from typing import Literal

from backend.protocol.wire import Complete, Delta, Failed, Finished
from lsp_server.client.client import Client, ClientError
from lsp_server.completion import guesses
from lsp_server.completion.fitting import fit, whole
from lsp_server.completion.guesses import Memory, Pause, Spot
from lsp_server.documents.open_documents import Document
from lsp_server.documents.text import clean

PREFIX_CHARACTERS = 4000
SUFFIX_CHARACTERS = 1000

# Hears whether the backend's model completes code, and if not, why.
Tell = Callable[[Literal["available", "unavailable"], str], None]

log = logging.getLogger(__name__)


class Flight:
    """One completion under way. ``done`` returns its text, or None when there is none."""

    def __init__(self, spot: Spot, client: Client, tell: Tell) -> None:
        self.spot = spot
        self.text = ""
        self._client = client
        self._tell = tell
        loop = asyncio.get_running_loop()
        self.changed = loop.create_future()  # done at the next delta, and then replaced
        self.done = loop.create_task(self._fly())

    async def _fly(self) -> str | None:
        ask = Complete(uuid.uuid4().hex, clean(self.spot.prefix), clean(self.spot.suffix))
        try:
            async with aclosing(self._client.ask(ask)) as frames:
                async for frame in frames:
                    if isinstance(frame, Delta):
                        self.text += frame.text
                        self.changed.set_result(None)
                        self.changed = asyncio.get_running_loop().create_future()
                    elif isinstance(frame, Failed):
                        if frame.code == "unsupported":
                            self._tell("unavailable", frame.message)
                        return None
                    elif isinstance(frame, Finished):
                        self._tell("available", "")
                        if frame.reason not in ("stop", "length"):
                            return None  # it may come whole the next time
                        self.text = whole(self.text, frame.reason)
        except ClientError as error:
            log.debug("no completion: %s", error)
            return None
        return fit(self.spot.prefix, self.text, self.spot.suffix)


class Completer:
    """Answers the newest request with a completion, and every older one with nothing."""

    def __init__(self, client: Client, tell: Tell) -> None:
        self._client = client
        self._tell = tell
        self._memory = Memory()
        self._flight: Flight | None = None
        self._newest = 0
        self.pause = Pause()

    async def complete(self, spot: Spot, *, asked: bool) -> str:
        """``asked`` means that the user asked, so there is no pause. Returns "" when nothing is to
        be added.
        """
        self._newest += 1
        number = self._newest
        known = self._memory.recall(spot)
        if known is not None:
            return known
        flight = self._flight
        if flight is None or not await self._foretold(flight, spot):
            if number != self._newest:
                return ""
            self._end()
            if not asked:
                await asyncio.sleep(self.pause.seconds)
            if number != self._newest:
                return ""
            flight = self._flight = Flight(spot, self._client, self._tell)
            await self._foretold(flight, spot)
        text = flight.done.result() if not flight.done.cancelled() else None
        if text is not None:
            self._memory.add(flight.spot, text)
        if number != self._newest or text is None:
            return ""
        return self._memory.recall(spot) or ""

    @staticmethod
    async def _foretold(flight: Flight, spot: Spot) -> bool:
        """Waits until the completion ends; returns False as soon as it differs from what was typed.

        The editor may cancel this wait, but not the flight, because the next request may wait for
        it.
        """
        while guesses.goes_on(spot, flight.spot, flight.text):
            if flight.done.done():
                return True
            await asyncio.wait((flight.done, flight.changed), return_when=asyncio.FIRST_COMPLETED)
        return False

    def _end(self) -> None:
        if self._flight is not None:
            self._flight.done.cancel()
            self._flight = None


def spot_at(document: Document, row: int, column: int) -> Spot:
    source = document.source
    offset = sum(map(len, document.lines[:row])) + column
    return Spot(
        document.uri,
        offset,
        source[max(0, offset - PREFIX_CHARACTERS) : offset],
        source[offset : offset + SUFFIX_CHARACTERS],
    )
