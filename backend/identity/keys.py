"""The public keys that check a company's JWTs, from a file or from its OIDC provider.

A provider that is slow or down must not lock out people whose key is known. So known keys are used
at once and renewed in the background. Only a token with an unknown key waits, for a while.
"""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import httpx
import jwt

from backend.errors import StartupFailed, Unavailable

log = logging.getLogger(__name__)

_FETCH_S = 5.0
_MOST_BYTES = 1_000_000
_FRESH_S = 600.0  # after this, keys are fetched again when somebody needs one
_AGAIN_S = 10.0  # between two fetches, because it costs nothing to make up unknown keys
_TRUSTED_S = 86_400.0  # without news for this long, a key may have been withdrawn


class Keys(Protocol):
    async def find(self, name: str | None) -> jwt.PyJWK:
        """The key called ``name`` (``kid``), or the first one for a token without a name.

        Raises ``jwt.InvalidKeyError`` when there is no such key, and ``Unavailable`` when no keys
        could be fetched to look for it.
        """
        ...


class KeyFile:
    """Keys of a file, which is read once. Raises ``StartupFailed`` when it has no keys."""

    def __init__(self, path: str) -> None:
        try:
            text = Path(path).expanduser().read_text("utf-8")
            self._keys = _by_name(jwt.PyJWKSet.from_json(text))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise StartupFailed(f"[auth] jwks: {path}: {error}") from error

    async def find(self, name: str | None) -> jwt.PyJWK:
        return _named(self._keys, name)


class ProviderKeys:
    """Keys of an OIDC provider's ``jwks_uri``. At most one fetch runs at a time."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._trusted = ssl.create_default_context()  # the system's authorities: a company's own
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = -float("inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, name: str | None) -> jwt.PyJWK:
        now = self._clock()
        if now - self._fetched_at > _TRUSTED_S:
            self._keys = {}
        if name in self._keys:
            if now - self._fetched_at > _FRESH_S:
                self._renew(now)
            return self._keys[name]
        self._renew(now)
        if self._fetching is not None:
            await asyncio.wait([self._fetching], timeout=_FETCH_S)
        if not self._keys:
            raise Unavailable(
                "Nobody can be signed in now: the company's sign-in keys cannot be fetched. Try "
                "again in a minute.",
                retry_after_ms=1000 * _AGAIN_S,
            )
        return _named(self._keys, name)

    def _renew(self, now: float) -> None:
        """Starts a fetch unless one runs, or has just been tried."""
        if self._fetching is None and now - self._tried_at >= _AGAIN_S:
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch())

    async def fetch(self) -> int:
        """Fetches the keys, and returns how many there are. Raises ``Unavailable``, saying why."""
        try:
            async with asyncio.timeout(_FETCH_S):
                found = jwt.PyJWKSet.from_dict(json.loads(await self._read()))
        except (TimeoutError, httpx.HTTPError, jwt.PyJWTError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise Unavailable(f"the sign-in keys could not be fetched: {why}") from error
        self._keys = _by_name(found)
        self._fetched_at = self._clock()
        return len(found.keys)

    async def _fetch(self) -> None:
        try:
            await self.fetch()
        except Unavailable as error:
            log.warning("%s", error.message)
        finally:
            self._fetching = None

    async def _read(self) -> bytes:
        body = bytearray()
        async with (
            httpx.AsyncClient(verify=self._trusted, timeout=_FETCH_S) as client,
            client.stream("GET", self._url) as response,
        ):
            response.raise_for_status()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise ValueError(f"more than {_MOST_BYTES} bytes")
        return bytes(body)


def keys(where: str) -> Keys:
    """The keys of a file or of a URL. Raises ``StartupFailed``."""
    if where.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        return ProviderKeys(where)
    if "://" in where:
        raise StartupFailed(f"[auth] jwks: {where} must be https, or a file.")
    return KeyFile(where)


def _by_name(found: jwt.PyJWKSet) -> dict[str | None, jwt.PyJWK]:
    named: dict[str | None, jwt.PyJWK] = {key.key_id: key for key in found.keys}
    return {None: found.keys[0], **named}


def _named(known: dict[str | None, jwt.PyJWK], name: str | None) -> jwt.PyJWK:
    if name not in known:
        raise jwt.InvalidKeyError("signed with a key that is not known")
    return known[name]
