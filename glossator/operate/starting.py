"""The settings that a new installation begins with, as the text of a TOML file. Pure."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Place = Literal["laptop", "team", "cluster"]
Login = Literal["none", "tokens", "oidc"]
Tls = Literal["none", "proxy", "certificate"]

_PROFILES = {"laptop": "laptop-cpu", "team": "one-gpu", "cluster": "cluster"}
_SAID = {
    "laptop": "One developer, on one machine. Only this machine reaches the backend.",
    "team": "A team on one GPU.",
    "cluster": "Hundreds of developers, on a cluster that Ray Serve and Kubernetes run.",
}


class Wishes(Struct, frozen=True):
    """What somebody wants of a new installation. ``usual`` has the defaults for a place."""

    place: Place
    model: str = ""  # a folder or a hub name
    upstream: str = ""  # base URL of an OpenAI-compatible server
    quotes: bool = False  # no model: answers quote the documentation
    login: Login = "none"
    jwks: str = ""
    issuer: str = ""
    audience: str = ""
    name: str = ""  # under which users reach it: glossator.example.com
    tls: Tls = "none"
    certificate: str = ""
    key: str = ""
    requests_per_minute: int = 0
    tokens_per_day: int = 0
    token_days: float = 90
    log_format: Literal["text", "json"] = "text"
    sources: tuple[tuple[str, str], ...] = ()  # kind and uri of each


def usual(place: Place) -> Wishes:
    """What a place gets unless somebody says otherwise."""
    if place == "laptop":
        return Wishes("laptop")
    shared = Wishes(
        place,
        login="tokens",
        name="glossator.example.com",
        tls="proxy",
        requests_per_minute=60,
        tokens_per_day=2_000_000,
        log_format="json",
    )
    # The manifests mount the claim of the weights there. A hub name is for the team's machine.
    model = "/models/served" if place == "cluster" else "Qwen/Qwen2.5-Coder-7B-Instruct"
    return replace(shared, model=model)


def mistakes(wishes: Wishes) -> list[str]:
    """Why the wishes do not go together, as sentences that name the options."""
    found = []
    if sum(map(bool, (wishes.model, wishes.upstream, wishes.quotes))) > 1:
        found.append("--model, --upstream and --quotes exclude each other: give one of them.")
    if wishes.login == "none" and wishes.place != "laptop":
        found.append("--login none is for a laptop: others reach this backend, so give tokens or "
                     "oidc.")  # fmt: skip
    given = wishes.jwks and wishes.issuer and wishes.audience
    if wishes.login == "oidc" and not given:
        found.append("--login oidc needs --jwks, --issuer and --audience.")
    if wishes.login != "oidc" and (wishes.jwks or wishes.issuer or wishes.audience):
        found.append("--jwks, --issuer and --audience are for --login oidc.")
    if wishes.tls == "certificate" and not (wishes.certificate and wishes.key):
        found.append("--tls certificate needs --certificate and --key.")
    if wishes.tls != "certificate" and (wishes.certificate or wishes.key):
        found.append("--certificate and --key are for --tls certificate.")
    if wishes.place == "cluster" and wishes.tls == "certificate":
        found.append("On a cluster TLS ends at the ingress: give --tls proxy.")
    return found


def written(wishes: Wishes, folder: Path) -> str:
    """The file's text. ``folder`` is where it will be, and where the tokens are kept."""
    tables = [
        f"# {_SAID[wishes.place]} Written by `glossator init`.",
        "# docs/settings.md says what each setting means, and which others there are.",
        _table("profile", {"name": _PROFILES[wishes.place]}),
        _server(wishes),
        _generation(wishes),
        *_cluster_index(wishes),
        *_auth(wishes, folder),
        *_quotas(wishes),
        _table("observability", {"log_format": wishes.log_format}),
        *_ray(wishes),
        *_sources(wishes.sources),
    ]
    return "\n".join(tables).rstrip() + "\n"


def _server(wishes: Wishes) -> str:
    # A proxy on this machine is the only way in. On a cluster, Ray Serve's proxy listens.
    inside = wishes.place != "team" or wishes.tls == "proxy"
    said: dict[str, object] = {} if wishes.place == "cluster" else {
        "host": "127.0.0.1" if inside else "0.0.0.0",
        "port": 8765,
    }  # fmt: skip
    if wishes.name:
        said["hosts"] = [wishes.name]
    if wishes.tls == "certificate":
        said |= {"tls_certificate": wishes.certificate, "tls_key": wishes.key}
    if wishes.place == "cluster":
        note = "The ingress ends TLS, and names this host."
    elif wishes.tls == "proxy":
        note = "A proxy on this machine ends TLS, and passes on what comes to this port."
    elif wishes.place == "team" and wishes.tls == "none":
        note = "Without TLS, clients send their tokens only with --insecure-token."
    else:
        note = ""
    return _table("server", said, note)


def _generation(wishes: Wishes) -> str:
    if wishes.quotes:
        return _table("generation", {"engine": "extractive"}, "No model: answers are quotations.")
    if wishes.upstream:
        note = "Its key, if it wants one, is better in GLOSSATOR_GENERATION__UPSTREAM_KEY."
        return _table("generation", {"engine": "openai", "upstream": wishes.upstream}, note)
    if wishes.model:
        return _table("generation", {"engine": "vllm", "model": wishes.model})
    return _table("generation", {"engine": "auto"}, "A small model if one is at hand, else none.")


def _cluster_index(wishes: Wishes) -> Iterable[str]:
    if wishes.place == "cluster":
        yield _table("retrieval", {"chroma_url": "http://chroma:8000"})


def _auth(wishes: Wishes, folder: Path) -> Iterable[str]:
    if wishes.login == "none":
        return
    said: dict[str, object] = {}
    if wishes.login == "tokens":
        at_pod = "/etc/glossator/secret/tokens.json"  # where the manifests mount the Secret
        said["tokens"] = at_pod if wishes.place == "cluster" else str(folder / "tokens.json")
        said["token_days"] = wishes.token_days
    else:
        said |= {"jwks": wishes.jwks, "issuer": wishes.issuer, "audience": wishes.audience}
    yield _table("auth", said)


def _quotas(wishes: Wishes) -> Iterable[str]:
    names = ("requests_per_minute", "tokens_per_day")
    said: dict[str, object] = {name: getattr(wishes, name) for name in names}
    if any(said.values()):
        yield _table("quotas", said, "For each user; 0 means no limit.")


def _ray(wishes: Wishes) -> Iterable[str]:
    if wishes.place != "cluster":
        return
    yield _table(
        "ray",
        {
            "gateway_replicas": 2,
            "gateway_cpus": 1,
            "generator_cpus": 4,
            "generator_gpus": 1,
            "retriever_replicas": 2,
            "retriever_cpus": 2,
            "retriever_gpus": 0,
            "rails_replicas": 2,
            "rails_cpus": 1,
            "rails_gpus": 0,
            "drain_s": 120,
        },
        "The small models run on CPUs (the group `front`), so that GPUs are for engines alone.",
    )
    yield _table(
        "autoscaling",
        {"enabled": True, "max_replicas": 4},
        "Generators: at most as many as the group `gpu` may have workers.",
    )


def _sources(sources: Iterable[tuple[str, str]]) -> Iterable[str]:
    names: set[str] = set()
    for kind, uri in sources:
        name = plain = _plain(uri) or kind
        count = 1
        while name in names:
            count += 1
            name = f"{plain}-{count}"
        names.add(name)
        yield _table(f"sources.{name}", {"kind": kind, "uri": uri})
    if not names:
        yield (
            "\n# What is indexed (docs/sources.md), such as:\n"
            '# [sources.handbook]\n# kind = "folder"\n# uri = "/srv/handbook"\n# follow = true'
        )


def _plain(uri: str) -> str:
    """The last part of a path or an address, in the characters that a TOML key may have."""
    last = uri.rstrip("/").rpartition("/")[2].partition("@")[0]
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in last).strip(
        "-"
    )


def _table(name: str, values: dict[str, object], note: str = "") -> str:
    lines = ["", *([f"# {note}"] if note else []), f"[{name}]"]
    return "\n".join([*lines, *(f"{key} = {_value(value)}" for key, value in values.items())])


def _value(value: object) -> str:
    """As TOML. Its strings and lists are JSON's, except for one character that JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
