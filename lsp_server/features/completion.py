"""``textDocument/inlineCompletion``: code at the cursor, by the model's fill-in-the-middle.

One completion is under way at most. It outlives the request that began it, for an editor cancels
that with every key: while what is typed is what it says, the newest request waits for it; anything
else ends it.
"""

import asyncio
import logging
import re
import uuid
from contextlib import aclosing

from lsprotocol.types import (
    TEXT_DOCUMENT_INLINE_COMPLETION,
    Command,
    InlineCompletionItem,
    InlineCompletionList,
    InlineCompletionOptions,
    InlineCompletionParams,
    InlineCompletionTriggerKind,
    Range,
)
from pygls.lsp.server import LanguageServer

from backend.protocol.wire import Complete, Delta, Failed, Finished
from lsp_server.client.session import Session, SessionError
from lsp_server.completion import guesses
from lsp_server.completion.guesses import Memory, Pause, Spot
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents.open import Document, opened
from lsp_server.documents.text import clean, locate
from lsp_server.features.status import Notifier
from lsp_server.options import Configuration
from lsp_server.protocol.completion import TAKEN_COMMAND

PREFIX_CHARACTERS = 4000
SUFFIX_CHARACTERS = 1000
_NOTHING_FOLLOWS = re.compile(r"[\s)\]}\"'`,:;]*")

log = logging.getLogger(__name__)


class Flight:
    """One completion under way; ``done`` has its text, or None when there is none."""

    def __init__(self, spot: Spot, session: Session, notifier: Notifier) -> None:
        self.spot = spot
        self.text = ""
        self._session = session
        self._notifier = notifier
        loop = asyncio.get_running_loop()
        self.changed = loop.create_future()  # done at the next delta, and then a new one
        self.done = loop.create_task(self._fly())

    async def _fly(self) -> str | None:
        ask = Complete(uuid.uuid4().hex, clean(self.spot.prefix), clean(self.spot.suffix))
        try:
            async with aclosing(self._session.ask(ask)) as frames:
                async for frame in frames:
                    if isinstance(frame, Delta):
                        self.text += frame.text
                        self.changed.set_result(None)
                        self.changed = asyncio.get_running_loop().create_future()
                    elif isinstance(frame, Failed):
                        if frame.code == "unsupported":
                            self._notifier.completion("unavailable", frame.message)
                        return None
                    elif isinstance(frame, Finished):
                        self._notifier.completion("available")
        except SessionError as error:
            log.debug("no completion: %s", error)
            return None
        return guesses.fit(self.text, self.spot.suffix)


class Completing:
    """Answers the newest request; every older one with nothing."""

    def __init__(self, session: Session, notifier: Notifier) -> None:
        self._session = session
        self._notifier = notifier
        self._memory = Memory()
        self._flight: Flight | None = None
        self._newest = 0
        self.pause = Pause()

    async def complete(self, spot: Spot, *, asked: bool) -> str:
        """``asked``: by the user, so there is no pause. Empty where there is nothing to say."""
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
            flight = self._flight = Flight(spot, self._session, self._notifier)
            await self._foretold(flight, spot)
        text = flight.done.result() if not flight.done.cancelled() else None
        if text is not None:
            self._memory.add(flight.spot, text)
        if number != self._newest or text is None:
            return ""
        return self._memory.recall(spot) or ""

    @staticmethod
    async def _foretold(flight: Flight, spot: Spot) -> bool:
        """Waits for its end; False as soon as it says something else than what was typed.

        The editor may cancel the wait, and not the flight: the next request may wait for it.
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


def attach(
    server: LanguageServer,
    session: Session,
    surroundings: Surroundings,
    configuration: Configuration,
    notifier: Notifier,
) -> None:
    completing = Completing(session, notifier)

    @server.feature(TEXT_DOCUMENT_INLINE_COMPLETION, InlineCompletionOptions())
    async def complete(params: InlineCompletionParams) -> InlineCompletionList | None:
        documents = opened(server)
        document = documents.find(params.text_document.uri)
        if not configuration.options.inline_completion:
            notifier.completion("disabled")
            return None
        if document is None or notifier.told.inline_completion == "unavailable":
            return None
        if surroundings.secret(documents, document.uri):
            return None
        spot = spot_at(document, *locate(document.lines, params.position, document.encoding))
        asked = params.context.trigger_kind == InlineCompletionTriggerKind.Invoked
        if not asked and not _NOTHING_FOLLOWS.fullmatch(spot.suffix.split("\n", 1)[0]):
            return None
        text = await completing.complete(spot, asked=asked)
        if not text:
            return None
        completing.pause.shown()
        at = Range(params.position, params.position)
        taken = Command("Taken", TAKEN_COMMAND)
        return InlineCompletionList([InlineCompletionItem(text, range=at, command=taken)])

    @server.command(TAKEN_COMMAND)
    def taken() -> None:
        completing.pause.taken()


def spot_at(document: Document, row: int, column: int) -> Spot:
    source = document.source
    offset = sum(map(len, document.lines[:row])) + column
    return Spot(
        document.uri,
        offset,
        source[max(0, offset - PREFIX_CHARACTERS) : offset],
        source[offset : offset + SUFFIX_CHARACTERS],
    )
