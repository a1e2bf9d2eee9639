"""Checks JWTs of the company's OIDC provider (RFC 7519, OpenID Connect Core 1.0), by PyJWT."""

import asyncio
from collections.abc import Mapping

import jwt

from backend.errors import Expired, StartupFailed, Unauthorized
from backend.identity.caller import Caller, bearer, until
from backend.identity.keys import keys
from backend.settings import Auth

_LEEWAY_S = 30  # because clocks differ


class SignedTokens:
    """An ``Identity`` that knows the user whom a valid JWT names."""

    def __init__(self, settings: Auth) -> None:
        """Raises ``StartupFailed`` for settings that would let in anybody or nobody."""
        if not settings.issuer or not settings.audience:
            raise StartupFailed("[auth] jwks needs `issuer` and `audience` beside it.")
        if any(name == "none" or name.startswith("HS") for name in settings.algorithms):
            raise StartupFailed("[auth] algorithms: `none` and shared secrets are not accepted.")
        self._settings = settings
        self._keys = keys(settings.jwks)

    async def of(self, headers: Mapping[str, str]) -> Caller | None:
        token = bearer(headers)
        if token.count(".") != 2:
            return None
        try:
            key = await self._keys.find(_key_name(token))
        except jwt.PyJWTError as error:
            raise _invalid(error) from error
        # Checking a signature takes a millisecond.
        return await asyncio.to_thread(self._judge, token, key)

    def _judge(self, token: str, key: jwt.PyJWK) -> Caller:
        settings = self._settings
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(settings.algorithms),
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Expired("This token has expired. Sign in again.") from error
        except jwt.PyJWTError as error:
            raise _invalid(error) from error
        user = claims.get(settings.user_claim)
        tenant = claims.get(settings.tenant_claim, "") if settings.tenant_claim else ""
        if not isinstance(user, str) or not user or not isinstance(tenant, str):
            raise Unauthorized(f"This token does not say who it is for: no {settings.user_claim}.")
        if settings.tenant_claim and not tenant:
            raise Unauthorized(f"This token names no tenant: no {settings.tenant_claim}.")
        return Caller(tenant, user, check=until(claims["exp"] + _LEEWAY_S))


def _key_name(token: str) -> str | None:
    """Raises ``jwt.PyJWTError`` for a header that cannot be read."""
    name = jwt.get_unverified_header(token).get("kid")
    if name is not None and not isinstance(name, str):
        raise jwt.InvalidTokenError("its kid is not a string")
    return name


def _invalid(error: jwt.PyJWTError) -> Unauthorized:
    return Unauthorized(f"This token is not valid here: {error}.")
