"""Checks a running backend as a client meets it: its address, the token, and its readiness."""

import asyncio
import ssl
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from backend.deploy.checks.finding import Finding, of_message, ok, warning, wrong
from backend.gateway.about import RELEASE
from backend.protocol import wire
from indexer.screening.terminal import line
from lsp_server.client.dial import BackendUnreachable, dial

_ANSWERS_WITHIN_S = 10.0
_SCHEMES = {"ws": "http", "wss": "https"}


class Readiness(Struct, frozen=True):
    """What ``/readyz`` says, as ``backend.gateway.app`` has it."""

    ready: bool = False
    model: str = ""
    version: str = ""
    reason: str = ""
    degraded: tuple[str, ...] = ()


def health(url: str) -> str:
    """The address that says whether the backend lives, which needs no token; "" for no URL."""
    try:
        return _address(url, "/healthz")
    except ValueError:
        return ""


def _address(url: str, path: str) -> str:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    before = parts.path.rstrip("/").removesuffix(wire.PATH)  # a proxy may have put us below a path
    return urlunsplit((scheme, parts.netloc, before + path, "", ""))


async def running(url: str, token: str) -> list[Finding]:
    """What is well and what is not, of the backend at ``url``."""
    try:
        socket = await dial(url, token, _ANSWERS_WITHIN_S)
    except BackendUnreachable as error:
        return [of_message("backend", str(error), "Check the address, and start the backend.")]
    await socket.close()
    who = "with this token" if token else "without a token"
    found = [ok("backend", f"{url} lets this machine in, {who}.")]
    readiness = await asyncio.to_thread(_readiness, _address(url, "/readyz"))
    if readiness is None:
        return [*found, wrong("ready", f"{url} does not say whether it is ready.",
                              "Let this machine reach /readyz too.")]  # fmt: skip
    if readiness.ready:
        found.append(ok("ready", f"It answers, with {line(readiness.model)}."))
    else:
        found.append(wrong("ready", f"It is not ready: {line(readiness.reason)}",
                           "Wait while it starts; its log says more."))  # fmt: skip
    found += [
        of_message("degraded", line(part), "See its log, and docs/runbook.md.", "warning")
        for part in readiness.degraded
    ]
    if readiness.version != RELEASE:
        found.append(warning("version", f"It is {line(readiness.version)}, and this is {RELEASE}.",
                             "Install the same version on both sides."))  # fmt: skip
    return found


def _readiness(address: str) -> Readiness | None:
    trusted = ssl.create_default_context()
    try:
        with urllib.request.urlopen(address, timeout=_ANSWERS_WITHIN_S, context=trusted) as said:
            return msgspec.json.decode(said.read(), type=Readiness)
    except urllib.error.HTTPError as refused:
        try:
            return msgspec.json.decode(refused.read(), type=Readiness)
        except msgspec.DecodeError:
            return None
    except (OSError, msgspec.DecodeError):
        return None
