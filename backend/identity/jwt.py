"""JWTs of the company's OIDC provider (RFC 7519, OpenID Connect Core 1.0), by PyJWT."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import jwt

from backend.errors import StartupFailed, Unauthorized
from backend.identity.caller import Caller, bearer
from backend.settings import Auth

_LEEWAY_S = 30  # clocks differ
_FETCH_S = 5


class SignedTokens:
    """Knows whom a valid JWT names. Keys that are asked for by URL are kept for minutes."""

    def __init__(self, settings: Auth) -> None:
        """Raises ``StartupFailed`` for settings that would let in anybody, or nobody."""
        if not settings.issuer or not settings.audience:
            raise StartupFailed("[auth] jwks needs `issuer` and `audience` beside it.")
        if any(name == "none" or name.startswith("HS") for name in settings.algorithms):
            raise StartupFailed("[auth] algorithms: `none` and shared secrets are not accepted.")
        self._settings = settings
        self._remote: jwt.PyJWKClient | None = None
        self._local: jwt.PyJWKSet | None = None
        if settings.jwks.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            self._remote = jwt.PyJWKClient(settings.jwks, timeout=_FETCH_S, lifespan=600)
        elif "://" in settings.jwks:
            raise StartupFailed(f"[auth] jwks: {settings.jwks} must be https, or a file.")
        else:
            try:
                text = Path(settings.jwks).expanduser().read_text("utf-8")
                self._local = jwt.PyJWKSet.from_json(text)
            except (OSError, ValueError, jwt.PyJWTError) as error:
                raise StartupFailed(f"[auth] jwks: {settings.jwks}: {error}") from error

    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        token = bearer(headers)
        if token.count(".") != 2:
            return None
        # A key may have to be fetched, and a signature costs a millisecond.
        return await asyncio.to_thread(self._judge, token)

    def _judge(self, token: str) -> Caller:
        settings = self._settings
        try:
            claims = jwt.decode(
                token,
                self._key(token),
                algorithms=list(settings.algorithms),
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized("This token has expired. Sign in again.") from error
        except jwt.PyJWKClientConnectionError as error:
            raise Unauthorized("The company's sign-in keys cannot be fetched now.") from error
        except jwt.PyJWTError as error:
            raise Unauthorized(f"This token is not valid here: {error}.") from error
        user = claims.get(settings.user_claim)
        tenant = claims.get(settings.tenant_claim, "") if settings.tenant_claim else ""
        if not isinstance(user, str) or not user or not isinstance(tenant, str):
            raise Unauthorized(f"This token does not say who it is for: no {settings.user_claim}.")
        if settings.tenant_claim and not tenant:
            raise Unauthorized(f"This token names no tenant: no {settings.tenant_claim}.")
        return Caller(tenant, user)

    def _key(self, token: str) -> jwt.PyJWK:
        if self._remote is not None:
            return self._remote.get_signing_key_from_jwt(token)
        assert self._local is not None
        name = jwt.get_unverified_header(token).get("kid")
        for key in self._local.keys:
            if name is None or key.key_id == name:
                return key
        raise jwt.InvalidKeyError("signed with a key that is not known")
