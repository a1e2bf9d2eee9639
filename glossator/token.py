"""`glossator token`: who may ask a backend whose `[auth] tokens` names a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from glossator.options import config, errors_for_people

if TYPE_CHECKING:
    from backend.identity.tokens import TokenFile


@click.group()
def token() -> None:
    """Make, list and withdraw API tokens; a running server sees the change at once."""


@token.command()
@click.argument("user")
@click.option(
    "--tenant", default="", help="Tenant of USER, which has its own sources, rails and caches."
)
@click.option("--days", type=float, help="Days until the token expires.  [default: never]")
@config
def create(user: str, tenant: str, days: float | None, config: Path | None) -> None:
    """Print a new token for USER. It is shown only once, because only its hash is kept."""
    with errors_for_people():
        click.echo(_file(config, tenant).create(user, tenant, days))


@token.command(name="list")
@config
def show(config: Path | None) -> None:
    """Print every token's id, user, tenant and times; never the token itself."""
    with errors_for_people():
        for each in _file(config).all():
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
        if not _file(config).revoke(token_id):
            click.echo(f"There is no token {token_id}.", err=True)
            sys.exit(1)


def _file(path: Path | None, tenant: str | None = None) -> "TokenFile":
    """Raises ``StartupFailed``, also when nobody of ``tenant`` may ask."""
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
    return TokenFile(Path(tokens).expanduser())
