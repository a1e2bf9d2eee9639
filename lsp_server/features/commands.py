"""The commands of our code actions, for editors that know nothing of Glossator.

They show progress by ``window/workDoneProgress``, apply an edit after the user has agreed, and open
what can only be read as a Markdown file.
"""

import asyncio
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsprotocol.types import (
    MessageActionItem,
    MessageType,
    ShowDocumentParams,
    ShowMessageParams,
    ShowMessageRequestParams,
    WorkDoneProgressBegin,
    WorkDoneProgressEnd,
)
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from indexer.screening.markdown import fenced, words
from lsp_server import rpc
from lsp_server.features.explain import Explainer
from lsp_server.features.rewrite import Rewriter
from lsp_server.protocol.explain import EXPLAIN_COMMAND, ExplainParams
from lsp_server.protocol.rewrite import REWRITE_COMMAND, AcceptParams, RewriteParams, RewriteResult

APPLY, SHOW, DISCARD = "Apply", "Show", "Discard"
_MESSAGE_CHARACTERS = 400


def attach(server: LanguageServer, rewriter: Rewriter, explainer: Explainer) -> None:
    running: set[asyncio.Task[None]] = set()

    # The command is answered at once, because some editors do nothing else until then.
    def run(title: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.get_running_loop().create_task(guarded(title, work))
        running.add(task)
        task.add_done_callback(running.discard)

    async def guarded(title: str, work: Callable[[], Awaitable[None]]) -> None:
        token = await begin(title)
        try:
            with rpc.clear_errors():
                await work()
        except JsonRpcException as error:
            server.window_show_message(ShowMessageParams(MessageType.Error, words(error.message)))
        finally:
            if token:
                server.work_done_progress.end(token, WorkDoneProgressEnd())

    async def begin(title: str) -> str:
        window = server.protocol.client_capabilities.window
        if window is None or not window.work_done_progress:
            return ""
        token = uuid.uuid4().hex
        with suppress(JsonRpcException):
            await server.work_done_progress.create_async(token)
            server.work_done_progress.begin(token, WorkDoneProgressBegin(title=title))
            return token
        return ""

    @server.command(REWRITE_COMMAND)
    def rewrite(params: Any) -> None:
        with rpc.clear_errors():
            request = rpc.parse(params, RewriteParams)

        async def work() -> None:
            result = await rewriter.propose(request)
            await offer(result)

        run(f"Glossator: {request.kind}", work)

    @server.command(EXPLAIN_COMMAND)
    def explain(params: Any) -> None:
        with rpc.clear_errors():
            request = rpc.parse(params, ExplainParams)

        async def work() -> None:
            answer = await explainer.answer(request)
            await show(answer.text)

        run("Glossator: explain", work)

    async def offer(result: RewriteResult) -> None:
        if not result.applicable:
            await show(f"{' '.join(result.problems)}\n\n{fenced(result.code)}\n\n{result.text}")
            return
        if not result.hunks:
            await show(f"There is nothing to change.\n\n{result.text}")
            return
        count = len(result.hunks)
        summary = f"Glossator changes the code in {count} place{'s' if count > 1 else ''}."
        text = words(f"{summary} {result.text}")[:_MESSAGE_CHARACTERS]
        actions = [MessageActionItem(title) for title in (APPLY, SHOW, DISCARD)]
        chosen = await server.window_show_message_request_async(
            ShowMessageRequestParams(MessageType.Info, text, actions)
        )
        if chosen is None or chosen.title == DISCARD:
            return
        if chosen.title == SHOW:
            await show(f"{fenced(result.code)}\n\n{result.text}")
            return
        accepted = await rewriter.accept(AcceptParams(result.id))
        if not accepted.applied:
            server.window_show_message(ShowMessageParams(MessageType.Warning, accepted.reason))

    async def show(text: str) -> None:
        window = server.protocol.client_capabilities.window
        if window is None or window.show_document is None or not window.show_document.support:
            server.window_show_message(ShowMessageParams(MessageType.Info, words(text)))
            return
        # stays, because the editor reads it and may keep it open
        folder = Path(tempfile.mkdtemp(prefix="glossator-"))
        page = folder / "glossator.md"
        page.write_text(text, "utf-8")
        await server.window_show_document_async(ShowDocumentParams(page.as_uri(), take_focus=True))
