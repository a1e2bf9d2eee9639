"""API tokens, which the operator makes and withdraws. One file keeps their hashes.

A token is ``gls_ID_SECRET`` with 256 random bits of secret, so one round of SHA-256 is enough. Slow
hashes protect secrets that people choose (NIST SP 800-63B, 5.1.1.2 is about those).
"""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from backend.errors import Expired, StartupFailed, Unauthorized
from backend.identity.caller import Caller, bearer

_PREFIX = "gls"
_UNKNOWN = "This token is not known here (any more). Ask the operator for one."


class Token(Struct, frozen=True):
    """What is kept of a token. Times are ISO 8601 in UTC. An empty ``expires`` means never."""

    id: str
    sha256: str
    user: str
    tenant: str = ""
    created: str = ""
    expires: str = ""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for an end that cannot be compared with the clock."""
        if self.ends.tzinfo is None:
            raise ValueError(f"the end of token {self.id}, {self.expires}, has no time zone")

    @property
    def ends(self) -> datetime:
        """The last moment that there is, for a token without an end."""
        if not self.expires:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.fromisoformat(self.expires)

    @property
    def expired(self) -> bool:
        return datetime.now(UTC) >= self.ends


class TokenFile:
    """The tokens in ``path``. Changes are atomic, and a server sees them with its next request."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Token]:
        """Raises ``StartupFailed`` when the file exists but cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Token])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            raise StartupFailed(f"token file {self._path}: {error}") from error

    def create(self, user: str, tenant: str = "", days: float | None = None) -> str:
        """Returns the token itself, which is stored nowhere. Raises ``StartupFailed``."""
        made, secret = _made(user, tenant, days, datetime.now(UTC))
        self._write([*self.all(), made])
        return secret

    def rotate(self, user: str, tenant: str, days: float | None, grace: timedelta) -> str:
        """Returns a new token for ``user``, whose other tokens end after ``grace`` or before.

        Raises ``StartupFailed``, also when the user has no token that is still valid.
        """
        now = datetime.now(UTC)
        ends = (now + grace).isoformat()
        kept, valid = [], 0
        for token in self.all():
            if (token.user, token.tenant) == (user, tenant) and not token.expired:
                valid += 1
                if not grace:
                    continue
                if not token.expires or datetime.fromisoformat(token.expires) > now + grace:
                    token = replace(token, expires=ends)
            kept.append(token)
        if not valid:
            of = f" of tenant {tenant!r}" if tenant else " without a tenant"
            raise StartupFailed(
                f"{user!r}{of} has no valid token to replace. `glossator token list` shows whose "
                "there are; `glossator token create` makes the first one."
            )
        made, secret = _made(user, tenant, days, now)
        self._write([*kept, made])
        return secret

    def revoke(self, token_id: str) -> bool:
        """Returns whether there was such a token."""
        tokens = self.all()
        left = [token for token in tokens if token.id != token_id]
        self._write(left)
        return len(left) < len(tokens)

    def _write(self, tokens: list[Token]) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(
                os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as to:
                to.write(msgspec.json.format(msgspec.json.encode(tokens), indent=1))
            fresh.replace(self._path)
        except OSError as error:
            raise StartupFailed(f"token file {self._path}: {error.strerror}") from error


class ApiTokens:
    """An ``Identity`` for the tokens of a file, which is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._file = TokenFile(path)
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._by_id: dict[str, Token] = {}

    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        secret = bearer(headers)
        prefix, _, rest = secret.partition("_")
        if prefix != _PREFIX:
            return None
        await self._refresh()
        token = self._by_id.get(rest.partition("_")[0])
        known = token.sha256 if token else _hash("")
        # This takes the same time whether or not the id exists.
        if not hmac.compare_digest(_hash(secret), known) or token is None:
            raise Unauthorized(_UNKNOWN)
        _check_date(token)
        return Caller(token.tenant, token.user, check=partial(self._check, token))

    async def _check(self, token: Token) -> None:
        """Raises ``Unauthorized`` when the token was withdrawn or expired since it came."""
        await self._refresh()
        now = self._by_id.get(token.id)
        if now is None or now.sha256 != token.sha256:
            raise Unauthorized(_UNKNOWN)
        _check_date(now)  # rotation may have given it an earlier end

    async def _refresh(self) -> None:
        """Checks in microseconds whether the file has changed, and reads it on a thread."""
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
        except OSError:
            stamp = (0, 0)
        if stamp != self._read_at:
            tokens = await asyncio.to_thread(self._file.all)
            self._by_id = {token.id: token for token in tokens}
            self._read_at = stamp


def _made(user: str, tenant: str, days: float | None, now: datetime) -> tuple[Token, str]:
    secret = f"{_PREFIX}_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"
    made = Token(
        id=secret.split("_", 2)[1],
        sha256=_hash(secret),
        user=user,
        tenant=tenant,
        created=now.isoformat(timespec="seconds"),
        expires=(now + timedelta(days=days)).isoformat() if days is not None else "",
    )
    return made, secret


def _check_date(token: Token) -> None:
    if token.expired:
        raise Expired(f"This token expired on {token.expires[:10]}. Ask for a new one.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
