"""``glossator/prepare``: the backend warms up for a question that is likely to come.

After a pause of the user, the newest guess is sent, unless it equals the one before.
"""

import asyncio
import logging
import uuid
from typing import Any

import msgspec
from pygls.lsp.server import LanguageServer

from backend.protocol import wire
from lsp_server.client.client import Client, ClientError
from lsp_server.configuration import Configuration
from lsp_server.context import prompt
from lsp_server.context.conversation import Conversations
from lsp_server.context.surroundings import Surroundings, place_of
from lsp_server.documents.open_documents import opened
from lsp_server.documents.text import clean
from lsp_server.protocol.prepare import PREPARE, PrepareParams

PAUSE_S = 0.3

log = logging.getLogger(__name__)


def attach(
    server: LanguageServer,
    client: Client,
    surroundings: Surroundings,
    conversations: Conversations,
    configuration: Configuration,
) -> None:
    waiting: asyncio.Task[None] | None = None
    last: wire.Prepare | None = None

    @server.feature(PREPARE)
    def prepare(params: Any) -> None:
        nonlocal waiting
        try:
            request = msgspec.convert(params, PrepareParams)
        except msgspec.ValidationError as error:  # a notification has no response that could say so
            log.error("%s: %s", PREPARE, error)
            return
        if waiting is not None:
            waiting.cancel()
        waiting = asyncio.get_running_loop().create_task(warm(request))

    async def warm(request: PrepareParams) -> None:
        nonlocal last
        await asyncio.sleep(PAUSE_S)
        guess = likely(request)
        if guess == last or client.status.state not in ("ready", "degraded"):
            return
        last = guess
        try:
            await client.prepare(msgspec.structs.replace(guess, id=uuid.uuid4().hex))
        except ClientError as error:
            log.debug("not prepared: %s", error)

    def likely(request: PrepareParams) -> wire.Prepare:
        options = configuration.options
        said = prompt.parse(clean(request.prompt))
        context = None
        if request.text_document is not None:
            context, _ = surroundings.at(
                opened(server),
                request.text_document.uri,
                place_of(request.cursor_state),
                options.context_tokens,
            )
        return wire.Prepare(
            id="-",
            question=said.question.strip(),
            context=context,
            history=conversations.get(request.tab_id).history() if request.tab_id else (),
            sources=prompt.sources(said, None, options.sources),
        )
