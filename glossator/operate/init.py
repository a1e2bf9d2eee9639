"""`glossator init`: asks four questions, or takes options, and writes a settings file."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from backend.errors import StartupFailed
from backend.settings import Settings, load
from glossator.operate.starting import Place, Wishes, mistakes, usual, written

_PLACES: dict[Place, str] = {
    "laptop": "my laptop",
    "team": "our team on one GPU",
    "cluster": "our cluster",
}


def init(place: Place | None, given: dict[str, Any], output: Path, force: bool) -> None:
    """Writes the file, and prints what to do next.

    Raises ``StartupFailed``, also when the file exists and may not be replaced.
    """
    if output.exists() and not force:
        raise StartupFailed(
            f"{output} exists, and stays as it is. --force replaces it, and --output FILE writes "
            "another file."
        )
    if place is None:
        if not sys.stdin.isatty():
            raise click.UsageError(
                "Nobody can answer questions here, because standard input is no terminal. Say for "
                "whom with --for laptop, --for team or --for cluster; `glossator init --help` has "
                "the options for everything else."
            )
        place, answers = _asked(given)
        given = answers | given
    wishes = _wished(place, given)
    if wrong := mistakes(wishes):
        raise click.UsageError(" ".join(wrong))
    _write(written(wishes, output.parent.resolve()), output, force)
    click.echo(f"Wrote {output}, for {_PLACES[place]}.\n{next_steps(wishes, output)}")


def _wished(place: Place, given: dict[str, Any]) -> Wishes:
    """The usual wishes for a place, changed by what was given."""
    wishes = usual(place)
    if given.keys() & {"model", "upstream", "quotes"}:
        wishes = replace(wishes, model="")  # what was given stands in its place
    if "certificate" in given and "tls" not in given:
        given = given | {"tls": "certificate"}
    if "jwks" in given and "login" not in given:
        given = given | {"login": "oidc"}
    return replace(wishes, **given)


def _asked(given: dict[str, Any]) -> tuple[Place, dict[str, Any]]:
    """The answers to the questions that no option has answered."""
    place: Place = click.prompt(
        "1. For whom is it? laptop: you alone; team: people who share a GPU; cluster: Kubernetes",
        type=click.Choice(tuple(_PLACES)),
        default="laptop",
    )
    default = usual(place)
    answers: dict[str, Any] = {}
    if not given.keys() & {"model", "upstream", "quotes"}:
        answers |= _model_asked(default)
    if place == "laptop":
        return place, answers
    if not given.keys() & {"login", "jwks"}:
        answers |= _login_asked()
    if not given.keys() & {"name", "tls", "certificate"}:
        answers |= _address_asked(default)
    return place, answers


def _model_asked(default: Wishes) -> dict[str, Any]:
    said = click.prompt(
        "2. What writes the answers? A model (folder or hub name), the http address of an\n"
        "   OpenAI-compatible server (llama.cpp, Ollama, vLLM), `quotes` for no model"
        + ("" if default.model else ", `auto` for what is at hand"),
        default=default.model or "auto",
    )
    if said == "auto" and not default.model:
        return {}
    if said == "quotes":
        return {"quotes": True}
    return {"upstream" if said.startswith(("http://", "https://")) else "model": said}


def _login_asked() -> dict[str, Any]:
    login = click.prompt(
        "3. How do people sign in? tokens: you make them; oidc: your identity provider does",
        type=click.Choice(["tokens", "oidc"]),
        default="tokens",
    )
    if login == "tokens":
        return {}
    return {
        "login": login,
        "issuer": click.prompt("   Issuer (`iss`), such as https://id.example.com"),
        "jwks": click.prompt("   Address of its keys (`jwks_uri`)"),
        "audience": click.prompt("   Audience (`aud`)", default="glossator"),
    }


def _address_asked(default: Wishes) -> dict[str, Any]:
    answers = {
        "name": click.prompt("4. Under which host name is it reached?", default=default.name)
    }
    if default.place == "cluster":
        return answers
    answers["tls"] = click.prompt(
        "   Who ends TLS? proxy: one on this machine; certificate: the backend; none: nobody",
        type=click.Choice(["proxy", "certificate", "none"]),
        default=default.tls,
    )
    if answers["tls"] == "certificate":
        answers["certificate"] = click.prompt("   Certificate chain (PEM file)")
        answers["key"] = click.prompt("   Its private key (PEM file)")
    return answers


def _write(text: str, output: Path, force: bool) -> None:
    """Writes beside the file first, and reads that as every command will read it."""
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
        _check(load(fresh, environ={}))
        if force:
            fresh.replace(output)
        else:
            _link(fresh, output)
    except FileExistsError:
        raise StartupFailed(f"{output} exists, and stays as it is. --force replaces it.") from None
    except OSError as error:
        raise StartupFailed(f"{output} cannot be written: {error.strerror}.") from error
    except StartupFailed as error:
        message = error.message.replace(str(fresh), str(output))
        raise StartupFailed(f"Nothing was written. {message}") from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def _link(fresh: Path, output: Path) -> None:
    """Gives the file its name. Unlike a rename, it never replaces a file.

    Raises ``OSError``, which is ``FileExistsError`` when somebody else has made one meanwhile.
    """
    try:
        os.link(fresh, output)
    except FileExistsError:
        raise
    except OSError:  # not every file system has hard links
        with output.open("xb") as file:
            file.write(fresh.read_bytes())


def _check(settings: Settings) -> None:
    """Raises ``StartupFailed`` for a login that the backend would refuse to start with."""
    if not settings.auth.jwks or "://" not in settings.auth.jwks:
        return
    with contextlib.suppress(ModuleNotFoundError):  # the light client cannot check it
        from backend.identity.door import door

        door(settings)


def next_steps(wishes: Wishes, output: Path) -> str:
    """Commands in the order in which they are needed."""
    config = f"--config {output}"
    if wishes.place == "cluster":
        steps = [
            "put it in place of deploy/kubernetes/base/glossator.toml",
            'make the tokens, and apply the manifests: docs/runbook.md, "First deployment"',
        ]
        return _numbered(steps)
    steps = [f"glossator doctor {config}    # what this machine lacks for it"]
    if wishes.sources:
        steps.append(f"glossator index run {config}    # makes the sources searchable")
    else:
        steps.append("add what to index to it: [sources.NAME], docs/sources.md")
    if wishes.login == "tokens":
        steps.append(f"glossator token create NAME {config}    # for each person, who gets it")
    steps.append(f"glossator serve {config}")
    return _numbered(steps)


def _numbered(steps: list[str]) -> str:
    return "\n".join(["Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))])
