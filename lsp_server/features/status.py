"""``glossator/didChangeStatus``: reports the state of the warm connection.

From ``initialized`` to ``shutdown`` the server keeps one connection open, so that a question does
not wait for a handshake.
"""

import asyncio
from typing import Any, Literal

import msgspec
from lsprotocol.types import INITIALIZED, SHUTDOWN, InitializedParams
from pygls.lsp.server import LanguageServer

from lsp_server import rpc
from lsp_server.client.client import Client, Status
from lsp_server.protocol.status import STATUS, StatusParams

Availability = Literal["unknown", "available", "unavailable", "disabled"]


class Notifier:
    """Tells the editor about every change of the status, and only about changes."""

    def __init__(self, server: LanguageServer, url: str) -> None:
        self._server = server
        self.told = StatusParams(state="offline", url=url)

    def connection(self, status: Status) -> None:
        """A new connection may lead to another model, so it is unknown again whether it completes
        code.
        """
        known = self.told.inline_completion
        anew = status.state == "connecting" and known != "disabled"
        self._tell(
            state=status.state,
            reason=status.reason,
            inline_completion="unknown" if anew else known,
            inline_completion_reason="" if anew else self.told.inline_completion_reason,
        )

    def completion(self, availability: Availability, reason: str = "") -> None:
        self._tell(inline_completion=availability, inline_completion_reason=reason)

    def _tell(self, **changes: Any) -> None:
        params = msgspec.structs.replace(self.told, **changes)
        if params != self.told:
            self.told = params
            self._server.protocol.notify(STATUS, rpc.to_json(params))


def attach(server: LanguageServer, client: Client) -> None:
    keeping: asyncio.Task[None] | None = None

    @server.feature(INITIALIZED)
    def initialized(params: InitializedParams) -> None:
        nonlocal keeping
        keeping = asyncio.get_running_loop().create_task(client.stay_connected())

    @server.feature(SHUTDOWN)
    async def shutdown(params: Any) -> None:
        if keeping is not None:
            keeping.cancel()
        await client.close()
