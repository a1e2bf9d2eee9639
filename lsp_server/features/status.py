"""``glossator/didChangeStatus``, and the warm connection whose state it tells.

From ``initialized`` to ``shutdown`` the server keeps one connection open, so that a question does
not wait for a handshake.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from lsprotocol.types import INITIALIZED, SHUTDOWN, InitializedParams
from pygls.lsp.server import LanguageServer

from lsp_server import protocol
from lsp_server.session import Session, Status


def notifier(server: LanguageServer, url: str) -> Callable[[Status], None]:
    def notify(status: Status) -> None:
        params = protocol.StatusParams(state=status.state, url=url, reason=status.reason)
        server.protocol.notify(protocol.STATUS, protocol.to_json(params))

    return notify


def attach(server: LanguageServer, session: Session) -> None:
    keeping: asyncio.Task[None] | None = None

    @server.feature(INITIALIZED)
    def initialized(params: InitializedParams) -> None:
        nonlocal keeping
        keeping = asyncio.get_running_loop().create_task(session.stay_connected())

    @server.feature(SHUTDOWN)
    async def shutdown(params: Any) -> None:
        if keeping is not None:
            keeping.cancel()
        await session.close()
