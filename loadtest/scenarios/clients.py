"""The connections of one user: our websocket, and OpenAI's chat completions over HTTP.

Blocking code for Locust's greenlets; import it after Locust, which makes sockets cooperative.
Neither decides what is asked or kept; each returns one ``Sample`` and the text of the answer.
"""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from websockets.exceptions import WebSocketException

from backend.protocol.wire import (
    PATH,
    SUBPROTOCOL,
    Admitted,
    Ask,
    Citations,
    Delta,
    Failed,
    Finished,
    decode_server,
    encode,
)
from loadtest.experiments.sample import Outcome, Sample
from loadtest.scenarios.websocket import WebSocket

PATIENCE_S = 180.0  # for one message; whoever waits longer has hung
_DONE = b"[DONE]"


class Client(Protocol):
    """One connection. Never raises for what a server does: that is an outcome."""

    def ask(self, ask: Ask, messages: list[dict[str, str]], users: int) -> tuple[Sample, str]: ...

    def close(self) -> None: ...


class _Hearing:
    """One answer while it arrives: its pieces, and when each came."""

    def __init__(self, kind: str, users: int) -> None:
        self._kind = kind
        self._users = users
        self._at = time.time()
        self._started = time.perf_counter()
        self._stamps: list[float] = []
        self._pieces: list[str] = []

    def heard(self, text: str) -> None:
        self._stamps.append(time.perf_counter())
        self._pieces.append(text)

    def ended(self, outcome: Outcome, code: str = "", **known: Any) -> tuple[Sample, str]:
        sample = Sample(
            self._at,
            self._users,
            self._kind,
            outcome,
            total_s=time.perf_counter() - self._started,
            ttft_s=self._stamps[0] - self._started if self._stamps else 0.0,
            gaps_s=tuple(later - earlier for earlier, later in pairwise(self._stamps)),
            code=code,
            **known,
        )
        return sample, "".join(self._pieces)


class WebsocketClient:
    """Speaks our protocol; connects when it first asks, and again after a loss."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url.replace("http", "ws", 1).rstrip("/") + PATH
        self._headers = headers
        self._socket: WebSocket | None = None

    def ask(self, ask: Ask, messages: list[dict[str, str]], users: int) -> tuple[Sample, str]:
        hearing = _Hearing(ask.kind, users)
        model = dataset = ""
        try:
            socket = self._connected()
            socket.send(encode(ask))
            while True:
                frame = decode_server(socket.recv())
                if isinstance(frame, Delta):
                    hearing.heard(frame.text)
                elif isinstance(frame, Admitted):
                    model = frame.model
                elif isinstance(frame, Citations):
                    dataset = frame.dataset
                elif isinstance(frame, Failed):
                    shed = frame.code == "overloaded"
                    return hearing.ended("shed" if shed else "failed", frame.code)
                elif isinstance(frame, Finished):
                    times, usage = frame.timings, frame.usage
                    return hearing.ended(
                        "finished",
                        prompt_tokens=usage.prompt_tokens,
                        cached_tokens=usage.cached_tokens,
                        completion_tokens=usage.completion_tokens,
                        queue_s=times.queue_ms / 1000,
                        rails_s=times.rails_ms / 1000,
                        retrieval_s=times.retrieval_ms / 1000,
                        server_ttft_s=times.ttft_ms / 1000,
                        dataset=dataset,
                        model=model,
                    )
        except (OSError, WebSocketException, msgspec.DecodeError) as error:
            self.close()
            return hearing.ended("failed", type(error).__name__)

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
        # A server that closes an idle connection while a question is on its way has not heard it.
        # OpenAI's own clients ask again, on a new one.
        once = Retry(total=1, connect=0, read=1, allowed_methods=None)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=once))

    def ask(self, ask: Ask, messages: list[dict[str, str]], users: int) -> tuple[Sample, str]:
        body = {
            "model": self._model,
            "messages": messages,
            "max_tokens": ask.max_tokens,
            "temperature": 0.0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        hearing = _Hearing(ask.kind, users)
        usage: dict[str, Any] = {}
        try:
            with self._session.post(
                self._url, json=body, stream=True, timeout=PATIENCE_S
            ) as response:
                if response.status_code != 200:
                    shed = response.status_code in (429, 503)
                    code = f"http {response.status_code}"
                    return hearing.ended("shed" if shed else "failed", code)
                # None: as it arrives, where a number waits until so much is there.
                for line in response.iter_lines(chunk_size=None):  # type: ignore[call-overload]
                    if not line.startswith(b"data: ") or line.startswith(_DONE, 6):
                        continue
                    chunk = msgspec.json.decode(line[6:])
                    if "error" in chunk:
                        return hearing.ended("failed", str(chunk["error"].get("code", "error")))
                    usage = chunk.get("usage") or usage
                    for choice in chunk.get("choices", ()):
                        if text := choice["delta"].get("content"):
                            hearing.heard(text)
        except (OSError, msgspec.DecodeError) as error:  # requests' errors are OSErrors
            return hearing.ended("failed", type(error).__name__)
        if not usage:  # it comes last
            return hearing.ended("failed", "broken off")
        return hearing.ended(
            "finished",
            prompt_tokens=usage["prompt_tokens"],
            cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
            completion_tokens=usage["completion_tokens"],
            model=self._model,
        )

    def close(self) -> None:
        self._session.close()


def connector(api: str, url: str, model: str, token: str) -> Callable[[], Client]:
    """Makes the clients of a run. ``api``: ``websocket`` or ``openai``."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if api == "openai":
        return lambda: OpenAIClient(url, model, headers)
    return lambda: WebsocketClient(url, headers)
