"""Streams one answer to the editor: every frame as it comes, and the end in any case.

``$/cancelRequest`` cancels the coroutine that waits in ``AnswerStream.answer``. That closes the
iterator of the answer, which sends ``Cancel`` to the backend. pygls then answers the request with
RequestCancelled.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing

from lsprotocol.types import PROGRESS, ProgressParams
from pygls.lsp.server import LanguageServer

from backend.protocol import wire
from indexer.screening.escaping import Escaping, escape
from lsp_server import rpc
from lsp_server.answers import translate
from lsp_server.answers.complete import CompleteAnswer
from lsp_server.client.client import Client
from lsp_server.protocol.progress import Code, Delta, End, EndReason, Notice, Progress, Token

Split = Callable[[str], Iterable[Code | str]]


class AnswerStream:
    """Asks the backend and reports to the editor under the token that the editor chose."""

    def __init__(self, server: LanguageServer, client: Client) -> None:
        self._server = server
        self._client = client

    def report(self, token: Token | None, progress: Progress) -> None:
        if token is not None:
            value = rpc.to_json(progress)
            self._server.protocol.notify(PROGRESS, ProgressParams(token, value))

    async def answer(
        self,
        ask: wire.Ask,
        token: Token | None,
        notices: Sequence[str] = (),
        split: Split | None = None,
    ) -> CompleteAnswer:
        """Returns the whole answer once the editor has been told of it.

        ``split`` separates code from prose. Prose is sent as Markdown that is safe for an editor to
        draw (``indexer.screening.escaping``). Raises ``ClientError``, or a JSON-RPC error when the
        backend refused.
        """
        texts: list[str] = []
        shown: list[str] = []
        escaping = Escaping()
        citations: tuple[wire.Citation, ...] = ()
        model = ""
        end: EndReason = "cancelled"  # stays true unless something below says otherwise

        def show(piece: str) -> None:
            if piece:
                shown.append(piece)
                self.report(token, Delta(piece))

        try:
            for message in notices:
                self.report(token, Notice("context", message))
            async with aclosing(self._client.ask(ask)) as frames:
                async for frame in frames:
                    if isinstance(frame, wire.Delta):
                        texts.append(frame.text)
                        for progress in split(frame.text) if split else (frame.text,):
                            if isinstance(progress, Code):
                                self.report(token, progress)
                            else:
                                show(escaping.feed(progress))
                        continue
                    if isinstance(frame, wire.Citations):
                        citations = frame.citations
                        escaping = Escaping(translate.addresses(citations))
                    elif isinstance(frame, wire.Admitted):
                        model = frame.model
                    if (told := translate.partial_result(frame)) is not None:
                        self.report(token, told)
            if isinstance(frame, wire.Failed):
                raise rpc.failure(frame)
            assert isinstance(frame, wire.Finished)
            end = frame.reason
        except Exception:  # CancelledError is no Exception and keeps "cancelled"
            end = "failed"
            raise
        finally:
            show(escaping.end())
            self.report(token, End(end))
        text = "".join(texts)
        safe = "".join(shown) if split is None else escape(text, translate.addresses(citations))
        return CompleteAnswer(model, safe, wire.supporting(citations, frame), frame, text)
