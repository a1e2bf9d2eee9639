"""Opens the websocket: address, back-off, and a clear error for each way to be refused.

Only this file knows which exceptions websockets and the operating system raise on connecting.
"""

import itertools
import os
import random
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, WebSocketException
from websockets.http11 import Response
from websockets.typing import Subprotocol

from backend.protocol import wire
from indexer.screening.terminal import line
from lsp_server.client.bearer import is_loopback, refusal
from lsp_server.client.pending import ClientError

MAX_MESSAGE_BYTES = 16 * 2**20
CLOSE_TIMEOUT_S = 1.0
_SAID_CHARACTERS = 500  # of a refusal
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class _Error(msgspec.Struct):
    message: str = ""


class _Refused(msgspec.Struct):
    """The part of a refusal that is for people, as ``backend.gateway.openai.shapes`` has it."""

    error: _Error


class BackendUnreachable(ClientError):
    """Nobody answers at the URL, or not with our protocol."""


def endpoint(url: str) -> str:
    """The websocket address for what a user typed; the scheme and the path may be missing.

    Raises ``BackendUnreachable`` when it cannot be an address.
    """
    try:
        parts = urlsplit(url if "://" in url else f"ws://{url}")
        valid = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, a broken IPv6 address
        valid = False
    if not valid:
        raise BackendUnreachable(
            f"{url!r} is not the address of a backend; one looks like ws://127.0.0.1:8765"
        )
    path = parts.path.rstrip("/")
    if not path.endswith(wire.PATH):
        path += wire.PATH
    return urlunsplit((_SCHEMES[parts.scheme], parts.netloc, path, parts.query, ""))


def delays(first_s: float = 0.1, cap_s: float = 15.0) -> Iterator[float]:
    """Exponential back-off with full jitter, so that editors do not return in step."""
    for attempt in itertools.count():
        yield random.uniform(0, min(cap_s, first_s * 2.0 ** min(attempt, 32)))


class _Connect(connect):
    """Follows no redirect, because it would take the token to wherever it leads."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(url: str, token: str, timeout_s: float) -> ClientConnection:
    """Opens a connection that speaks ``wire.SUBPROTOCOL``. Raises ``BackendUnreachable``."""
    address = endpoint(url)
    if why_not := refusal(address, token):
        raise BackendUnreachable(why_not)
    try:
        socket = await _Connect(
            address,
            subprotocols=[Subprotocol(wire.SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,  # deltas are a few bytes: deflate costs more than it saves
            # A proxy from the environment is meant for other machines, so this machine is reached
            # directly.
            proxy=None if is_loopback(address) else True,
            open_timeout=timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_MESSAGE_BYTES,
        )
    except InvalidStatus as error:
        raise BackendUnreachable(_refusal(url, error.response, bool(token))) from error
    except InvalidProxy as error:
        raise BackendUnreachable(f"The proxy for {url} is not usable: {error}") from error
    except InvalidHandshake as error:
        raise BackendUnreachable(f"{url} answers, but not as a Glossator backend.") from error
    except TimeoutError as error:
        raise BackendUnreachable(_absent(url, f"no answer in {timeout_s:g} s")) from error
    except ssl.SSLError as error:
        raise BackendUnreachable(untrusted(url, error)) from error
    except (OSError, WebSocketException) as error:
        raise BackendUnreachable(_absent(url, _reason(error))) from error
    if socket.subprotocol != wire.SUBPROTOCOL:
        await socket.close()
        raise BackendUnreachable(
            f"The server at {url} does not speak {wire.SUBPROTOCOL}. "
            "Install the same version of Glossator on both sides."
        )
    return socket


def _absent(url: str, reason: str) -> str:
    return f"No Glossator backend at {url} ({reason}); start it with: glossator serve"


def untrusted(url: str, error: Exception) -> str:
    """What to do about a failure of TLS. The load test says the same."""
    verification = getattr(error, "verify_message", "") or str(error)
    if "certificate" not in verification.lower() and "CERTIFICATE" not in str(error):
        return (
            f"{url} does not answer with TLS ({error}). If it has none, its address begins with "
            "http:// or ws://."
        )
    chosen = os.environ.get("SSL_CERT_FILE", "")
    if chosen and not Path(chosen).is_file():
        known = f"SSL_CERT_FILE names {chosen}, which does not exist. Correct it, or give"
    elif chosen:
        known = f"The authorities in {chosen} did not sign it. Give"
    else:
        known = "If your company signs its own certificates, give"
    return (
        f"The certificate of {url} is not trusted: {verification}. {known} the authority's "
        "certificate: --ca FILE, or GLOSSATOR_CA=FILE (docs/security.md, TLS)."
    )


def _refusal(url: str, response: Response, has_token: bool) -> str:
    status = response.status_code
    if status == 401 and not has_token:
        return (
            f"The backend at {url} answers known users only, and no token was given. Set "
            "GLOSSATOR_TOKEN; the operator makes a token with `glossator token create`."
        )
    if status in (401, 403):
        what = "token" if has_token else "connection"
        why = _said(response) or f"HTTP {status}."
        return f"The backend at {url} refused the {what}: {why}"
    if status in (429, 502, 503, 504):
        return f"The backend at {url} is not ready (HTTP {status}); try again in a moment."
    return f"{url} answers HTTP {status}, but not as a Glossator backend; check the address."


def _said(response: Response) -> str:
    """The message in a backend's refusal; empty when a proxy or another server refused."""
    try:
        error = msgspec.json.decode(response.body or b"", type=_Refused).error
    except msgspec.DecodeError:
        return ""
    return line(error.message[:_SAID_CHARACTERS])


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
