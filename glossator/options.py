"""Options that several commands share, and how errors are shown. Imports only click."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import platformdirs

from indexer.screening.terminal import printable
from lsp_server.client import bearer

_Command = TypeVar("_Command", bound=Callable[..., Any])

DEFAULT_URL = "http://127.0.0.1:8765"
EXTRAS = (
    "This installation has the client side only. For the backend:\n"
    "  pip install 'glossator[serve,cpu]'    (or [serve,cuda] on an NVIDIA machine)\n"
    "or `make setup` in a clone, which takes exact versions."
)

data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: Path(platformdirs.user_data_dir("glossator")),
    show_default="the user's data folder",
    envvar="GLOSSATOR_DATA",
    help="Folder that holds the index.",
)
config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    envvar="GLOSSATOR_CONFIG",
    help="Settings file (TOML). docs/settings.md lists every setting.",
)
url = click.option(
    "--url",
    default=DEFAULT_URL,
    envvar="GLOSSATOR_URL",
    show_default=True,
    help="The backend to ask.",
)
_token = click.option(
    "--token",
    default="",
    envvar="GLOSSATOR_TOKEN",
    help="API token or JWT; better in the environment, where nobody else reads it.",
)


def _allow(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        os.environ[bearer.INSECURE] = "1"


_insecure = click.option(
    "--insecure-token",
    is_flag=True,
    envvar=bearer.INSECURE,
    callback=_allow,
    expose_value=False,
    help="Send the token also to another machine over http or ws, where others can read it.",
)


def token(command: _Command) -> _Command:
    """A command that takes a token also needs the rule about where to send it."""
    return _token(_insecure(command))


def _trust(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is None:
        return
    import ssl

    try:
        ssl.create_default_context(cafile=value)
    except (OSError, ValueError):
        raise click.BadParameter(f"{value} holds no certificates in PEM format.") from None
    # OpenSSL reads the first one instead of the system's authorities, and so do all libraries here
    # but requests, which the load test uses.
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        os.environ[variable] = str(value)


ca = click.option(
    "--ca",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    envvar="GLOSSATOR_CA",
    callback=_trust,
    expose_value=False,
    help="Certificate authority (PEM) of the company's own https and wss addresses.",
)


@contextlib.contextmanager
def errors_for_people() -> Iterator[None]:
    """Ends the program without a traceback for errors that say what to do.
    All others are defects.
    """
    from backend.errors import GlossatorError

    try:
        yield
    except GlossatorError as error:
        message = error.message
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("glossator", "backend", "indexer", "lsp_server"):
            raise
        message = f"{error}. {EXTRAS}"
    except KeyboardInterrupt:
        sys.exit(130)
    else:
        return
    click.secho("Error: ", fg="red", bold=True, err=True, nl=False)
    click.echo(printable(message), err=True)
    sys.exit(1)
