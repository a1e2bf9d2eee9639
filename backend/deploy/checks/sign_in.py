"""Checks of how people sign in: tokens, and the identity provider."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.deploy.checks.finding import Finding, of_message, ok, warning
from backend.errors import GlossatorError, StartupFailed
from backend.identity.door import door, open_to_all
from backend.identity.keys import ProviderKeys
from backend.identity.tokens import Token, TokenFile
from backend.settings import Settings

_SOON = timedelta(days=14)
_MAKE = "Make one with `glossator token create USER`."


async def sign_in(settings: Settings) -> list[Finding]:
    auth = settings.auth
    try:
        door(settings)
    except StartupFailed as error:
        return [of_message("sign-in", error.message, "Correct [auth].")]
    if warned := open_to_all(settings, settings.server.host):
        return [of_message("sign-in", warned, "Declare users in [auth].", "warning")]
    found = []
    if auth.tokens:
        found.append(tokens(settings, datetime.now(UTC)))
    if auth.jwks:
        found.append(await provider(auth.jwks))
    return found or [ok("sign-in", "Only this machine, or a trusted proxy, reaches the port.")]


def tokens(settings: Settings, now: datetime) -> Finding:
    file = Path(settings.auth.tokens).expanduser()
    try:
        kept = TokenFile(file).all()
    except StartupFailed as error:
        return of_message("tokens", error.message, "Mend the file, or take it from a backup.")
    valid = [token for token in kept if not token.expired]
    if not valid:
        what = "has no token that is valid" if file.exists() else "does not exist"
        todo = _MAKE
        if settings.auth.jwks:
            return ok("tokens", f"{file} {what}; people sign in with the identity provider.")
        return warning("tokens", f"{file} {what}, so nobody can sign in with one.", todo)
    foreign = [t for t in valid if settings.tenants and t.tenant not in settings.tenants]
    if foreign:
        return warning(
            "tokens",
            f"{_whose(foreign)} belong to a tenant that is not declared, and are refused.",
            "Declare it, [tenants.NAME], or make the tokens again with --tenant.",
        )
    soon = [token for token in _newest(valid) if token.ends < now + _SOON]
    if soon:
        return warning(
            "tokens",
            f"{_whose(soon)} end within {_SOON.days} days.",
            "Replace them with `glossator token rotate USER`.",
        )
    return ok("tokens", f"{len(valid)} valid.")


def _newest(valid: Sequence[Token]) -> list[Token]:
    """The one that ends last of each user: after a rotation the older one may well end soon."""
    last = {}
    for token in sorted(valid, key=lambda each: each.ends):
        last[token.tenant, token.user] = token
    return list(last.values())


def _whose(some: Sequence[Token]) -> str:
    users = sorted({token.user for token in some})
    more = f" and of {len(users) - 3} others" if len(users) > 3 else ""
    return f"Tokens of {', '.join(users[:3])}{more}"


async def provider(jwks: str) -> Finding:
    """Fetches the keys, as the first login does. A file of keys has been read by ``door``."""
    if "://" not in jwks:
        return ok("identity provider", f"The keys are in {jwks}.")
    try:
        count = await ProviderKeys(jwks).fetch()
    except GlossatorError as error:
        todo = "Correct [auth] jwks, or let this machine reach the provider."
        if "CERTIFICATE" in error.message:
            todo = "Give the authority of its certificate: --ca FILE, or SSL_CERT_FILE."
        # The provider may come back; then people can sign in without a new start.
        return Finding("identity provider", "wrong", error.message, todo)
    return ok("identity provider", f"{jwks} has {count} key{'s' if count > 1 else ''}.")
