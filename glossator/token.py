"""`glossator token`: who may ask a backend whose `[auth] tokens` names a file."""

import math
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from glossator.options import config, errors_for_people

if TYPE_CHECKING:
    from backend.identity.tokens import TokenFile

_GRACE = timedelta(days=1)


@click.group()
def token() -> None:
    """Make, list, replace and withdraw API tokens; a running server sees the change at once."""


class _Days(click.ParamType[float]):
    """A number of days, or `never`, which is infinite."""

    name = "days"

    def convert(
        self, value: str | float, param: click.Parameter | None, context: click.Context | None
    ) -> float:
        if value == "never":
            return math.inf
        try:
            days = float(value)
        except ValueError:
            days = math.nan
        if not -_MOST_DAYS <= days <= _MOST_DAYS:
            self.fail(f"{value!r} is neither a number of days nor `never`.", param, context)
        return days


_MOST_DAYS = 36_500
_tenant = click.option(
    "--tenant", default="", help="Tenant of USER, which has its own sources, rails and caches."
)
_days = click.option(
    "--days",
    type=_Days(),
    metavar="DAYS",
    help="Days until the new token expires, or `never`.  [default: [auth] token_days, 90]",
)


@token.command()
@click.argument("user")
@_tenant
@_days
@config
def create(user: str, tenant: str, days: float | None, config: Path | None) -> None:
    """Print a new token for USER. It is shown only once, because only its hash is kept."""
    with errors_for_people():
        tokens, usual = _opened(config, tenant)
        click.echo(tokens.create(user, tenant, _end(days, usual)))


@token.command()
@click.argument("user")
@_tenant
@_days
@click.option("--now", is_flag=True, help="End the old tokens at once, not after a day.")
@config
def rotate(user: str, tenant: str, days: float | None, now: bool, config: Path | None) -> None:
    """Print a new token for USER, and end the old ones after a day.

    So the user has a day to put the new one in place. Use --now when an old one has leaked.
    """
    with errors_for_people():
        grace = timedelta(0) if now else _GRACE
        tokens, usual = _opened(config, tenant)
        click.echo(tokens.rotate(user, tenant, _end(days, usual), grace))
        click.echo(f"The old tokens of {user} end {'now' if now else 'in 24 hours'}.", err=True)


def _end(days: float | None, usual: float) -> float | None:
    """Days until the end, None for a token without one. ``usual`` is what the settings say."""
    if days is None:
        return usual or None
    return None if days == math.inf else days


@token.command(name="list")
@config
def show(config: Path | None) -> None:
    """Print every token's id, user, tenant and times; never the token itself."""
    with errors_for_people():
        for each in _opened(config)[0].all():
            state = "expired" if each.expired else "expires" if each.expires else "no end"
            click.echo(
                f"{each.id}  {each.user}  {each.tenant or '-'}  made {each.created[:10]}  "
                f"{state} {each.expires[:10]}".rstrip()
            )


@token.command()
@click.argument("token_id", metavar="ID")
@config
def revoke(token_id: str, config: Path | None) -> None:
    """Withdraw a token; `glossator token list` shows the ids."""
    with errors_for_people():
        if not _opened(config)[0].revoke(token_id):
            click.echo(f"There is no token {token_id}.", err=True)
            sys.exit(1)


def _opened(path: Path | None, tenant: str | None = None) -> "tuple[TokenFile, float]":
    """The tokens, and for how many days a new one is usually valid (0: for ever).

    Raises ``StartupFailed``, also when nobody of ``tenant`` may ask.
    """
    from backend.errors import StartupFailed
    from backend.identity.tokens import TokenFile
    from backend.settings import load

    settings = load(path)
    tokens = settings.auth.tokens
    if not tokens:
        raise StartupFailed(
            "The settings name no token file: set `tokens` in [auth] (docs/security.md) and give "
            "them with --config."
        )
    if tenant is not None and settings.tenants and tenant not in settings.tenants:
        declared = ", ".join(map(repr, settings.tenants))
        raise StartupFailed(
            f"The settings declare the tenants {declared}; a token of {tenant!r} would be refused. "
            "Name one of them with --tenant, or declare it: [tenants.NAME]."
        )
    return TokenFile(Path(tokens).expanduser()), settings.auth.token_days
