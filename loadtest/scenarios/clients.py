"""The connections of one user: our websocket, and OpenAI's chat completions over HTTP.

Blocking code for Locust's greenlets; import it after Locust, which makes sockets cooperative. What
is asked and what is kept are decided elsewhere. Each returns one ``Sample`` and the answer's text.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from websockets.exceptions import WebSocketException

from backend.protocol.wire import SUBPROTOCOL, Ask, encode
from loadtest.experiments.sample import Sample
from loadtest.scenarios.answer import FramedAnswer, StreamedAnswer, completion, session_url
from loadtest.scenarios.websocket import WebSocket

PATIENCE_S = 180.0  # for one message; a server that takes longer hangs


class Client(Protocol):
    """One connection. What a server does wrong is an outcome, never an exception."""

    def ask(self, ask: Ask, messages: list[dict[str, str]], users: int) -> tuple[Sample, str]: ...

    def rest(self) -> None:
        """Called now and then while its user thinks."""
        ...

    def close(self) -> None: ...


class WebsocketClient:
    """Speaks our protocol. Connects when it first asks, and again after the connection is lost."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = session_url(url)
        self._headers = headers
        self._socket: WebSocket | None = None

    def ask(self, ask: Ask, messages: list[dict[str, str]], users: int) -> tuple[Sample, str]:
        answer = FramedAnswer()
        try:
            socket = self._connected()
            socket.send(encode(ask))
            while answer.outcome is None:
                answer.take(socket.recv())
        except (OSError, WebSocketException, msgspec.DecodeError) as error:
            self.close()
            answer.broke(error)
        return answer.sample(ask.kind, users), answer.text

    def rest(self) -> None:
        """Answers pings, as an editor does; a server drops who does not."""
        try:
            if self._socket is not None:
                self._socket.rest()
        except (OSError, WebSocketException):
            self.close()  # the next question opens another connection, as an editor does

    def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def _connected(self) -> WebSocket:
        if self._socket is None:
            self._socket = WebSocket(self._url, SUBPROTOCOL, self._headers, PATIENCE_S)
        return self._socket


class OpenAIClient:
    """Asks any OpenAI-compatible server, streaming, with the same questions."""

    def __init__(self, url: str, model: str, headers: dict[str, str]) -> None:
        self._url = f"{url.rstrip('/')}/v1/chat/completions"
        self._model = model
        self._session = requests.Session()
        self._session.headers.update(headers)
        # A server may close an idle connection just as a question is sent, and never read it.
        # OpenAI's own clients then ask again on a new connection.
        once = Retry(total=1, connect=0, read=1, allowed_methods=None)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=once))

    def ask(self, ask: Ask, messages: list[dict[str, str]], users: int) -> tuple[Sample, str]:
        body = completion(self._model, messages, ask.max_tokens)
        answer = StreamedAnswer(self._model)
        try:
            with self._session.post(
                self._url, json=body, stream=True, timeout=PATIENCE_S
            ) as response:
                answer.begin(response.status_code)
                if answer.outcome is None:
                    # None reads what has arrived; a number would wait until so much has.
                    for line in response.iter_lines(chunk_size=None):  # type: ignore[call-overload]
                        answer.take(line)
                        if answer.outcome is not None:
                            break
        except (OSError, msgspec.DecodeError) as error:  # requests' errors are OSErrors
            answer.broke(error)
        answer.end()
        return answer.sample(ask.kind, users), answer.text

    def rest(self) -> None:
        """Nothing is asked of an idle connection over HTTP."""

    def close(self) -> None:
        self._session.close()


def connector(api: str, url: str, model: str, token: str) -> Callable[[], Client]:
    """Makes the clients of a run. ``api`` is ``websocket`` or ``openai``."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if api == "openai":
        return lambda: OpenAIClient(url, model, headers)
    return lambda: WebsocketClient(url, headers)
