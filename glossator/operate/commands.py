"""`glossator init` and `glossator doctor`: options and help. The work is imported when it runs."""

import sys
from pathlib import Path
from typing import Any

import click

from glossator.options import ca, config, data, errors_for_people
from glossator.options import token as token_option


@click.command()
@click.option(
    "--for",
    "place",
    type=click.Choice(["laptop", "team", "cluster"]),
    help="my laptop, our team on one GPU, or our cluster; with it nothing is asked.",
)
@click.option("--model", help="Model that writes the answers: a local folder or a hub name.")
@click.option("--upstream", help="Or the base URL of an OpenAI-compatible server that does.")
@click.option("--quotes", is_flag=True, default=None, help="Or no model: answers are quotations.")
@click.option(
    "--login",
    type=click.Choice(["none", "tokens", "oidc"]),
    help="Who may ask: everybody here, owners of tokens, or users of your identity provider.",
)
@click.option("--issuer", help="With oidc: the `iss` of its JWTs.")
@click.option("--jwks", help="With oidc: the address of its keys, or a file of them.")
@click.option("--audience", help="With oidc: the `aud` of its JWTs.")
@click.option("--name", metavar="HOST", help="Host name under which people reach the backend.")
@click.option(
    "--tls",
    type=click.Choice(["proxy", "certificate", "none"]),
    help="Who ends TLS: a proxy on this machine, the backend itself, or nobody.",
)
@click.option("--certificate", help="The certificate chain, a PEM file.")
@click.option("--key", help="The private key of the certificate, a PEM file.")
@click.option(
    "--requests-per-minute", type=click.IntRange(0), help="Quota of each user; 0: no limit."
)
@click.option("--tokens-per-day", type=click.IntRange(0), help="Quota of each user; 0: no limit.")
@click.option(
    "--token-days",
    type=click.FloatRange(0, 36_500),
    help="Days until a new token expires; 0: never.",
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), help="For people, or for a log store."
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="KIND:WHERE",
    help="Declare this source: package:numpy, git:URL, or a folder; repeatable.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("glossator.toml"),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def init(place: Any, sources: tuple[str, ...], output: Path, force: bool, **options: Any) -> None:
    """Write a settings file for a laptop, a team or a cluster.

    Asks at most four questions. With --for it asks nothing, and takes the usual value of
    everything that no option says: tokens that expire after 90 days, 60 requests a minute and
    2,000,000 tokens a day for each user, TLS by a proxy, and logs as JSON, except on a laptop.

    \b
    glossator init
    glossator init --for laptop --source package:numpy
    glossator init --for team --model /models/coder --name glossator.example.com
    glossator init --for cluster --login oidc --issuer https://id.example.com \\
        --jwks https://id.example.com/keys --audience glossator
    """
    with errors_for_people():
        from glossator.operate import init as beginning

        given = {name: value for name, value in options.items() if value is not None}
        given |= {name: _absolute(given[name]) for name in _PATHS & given.keys()}
        if sources:
            given["sources"] = tuple(map(_source, sources))
        beginning.init(place, given, output, force)


_PATHS = {"model", "certificate", "key", "jwks"}


def _absolute(text: str) -> str:
    """The whole path of a file or folder that is here; a hub name or a place elsewhere stays."""
    path = Path(text).expanduser()
    return str(path.resolve()) if path.exists() else text


def _source(text: str) -> tuple[str, str]:
    """Kind and uri. A path without a kind is a folder."""
    kind, colon, where = text.partition(":")
    folder = Path(text).expanduser()
    if not colon or folder.exists():
        return "folder", str(folder.resolve())
    if kind in ("folder", "code", "archive"):
        where = str(Path(where).expanduser().resolve())
    return kind, where


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("--url", default="", help="Check the backend that runs there, too.")
@token_option
@ca
@config
@data
def doctor(url: str, token: str, as_json: bool, config: Path | None, data: Path) -> None:
    """Check this machine and the settings, and say what to do about what is not well.

    Prints a line for each check: ok, warning, wrong, or unchecked where nothing here can tell. It
    loads the embedder and the rails, so it takes about as long as a start. It changes nothing.
    Exit code: 1 when something is wrong, else 0, also with warnings.

    \b
    glossator doctor --config glossator.toml
    glossator doctor --config glossator.toml --url https://glossator.example.com
    """
    with errors_for_people():
        from glossator.operate import doctor as examining

        sys.exit(examining.doctor(config, data, url, token, as_json))
