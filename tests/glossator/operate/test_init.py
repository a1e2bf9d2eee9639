"""`glossator init`: what it writes can be used as it is, and nothing is overwritten unasked."""

import itertools
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.errors import StartupFailed
from backend.identity.door import door, open_to_all
from backend.settings import load
from glossator.cli import cli
from glossator.operate.starting import mistakes, usual, written

BASE = Path(__file__).parents[3] / "deploy" / "kubernetes" / "base" / "glossator.toml"
OIDC = ("--jwks", "https://id.example.com/keys", "--issuer", "https://id.example.com",
        "--audience", "glossator")  # fmt: skip
WRITERS = ((), ("--model", "org/a-model"), ("--upstream", "http://127.0.0.1:11434/v1"),
           ("--quotes",))  # fmt: skip
LOGINS = ((), ("--login", "tokens"), OIDC, ("--login", "none"))
TLS = ((), ("--tls", "proxy"), ("--tls", "none"), ("--certificate", "/c.pem", "--key", "/k.pem"))
REST = (
    (),
    ("--log-format", "json", "--requests-per-minute", "0", "--tokens-per-day", "0"),
    ("--log-format", "text", "--requests-per-minute", "7", "--token-days", "0.5",
     "--name", "docs.internal", "--source", "package:numpy", "--source", "git:/srv/a b@main"),
)  # fmt: skip


@pytest.fixture
def init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *options: CliRunner().invoke(cli, ["init", *options])


@pytest.mark.parametrize("place", ["laptop", "team", "cluster"])
def test_whatever_is_chosen_loads_or_is_refused_before_anything_is_written(init, place, tmp_path):
    """Every combination, through the loader and the door that the backend has."""
    path = tmp_path / "glossator.toml"
    loaded = 0
    for options in itertools.product(WRITERS, LOGINS, TLS, REST):
        done = init("--for", place, *itertools.chain(*options))
        if done.exit_code == 2:
            assert "--" in done.stderr.splitlines()[-1]
            assert not path.exists()
            continue
        assert done.exit_code == 0, (options, done.output)
        settings = load(path, environ={})
        door(settings)
        assert open_to_all(settings, settings.server.host) == "", options
        assert settings.auth.tokens or settings.auth.jwks or place == "laptop"
        path.unlink()
        loaded += 1
    assert loaded >= 4 * 2 * 2 * 3  # the other tests say what is refused
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["team", "cluster"])
def test_others_get_quotas_expiring_tokens_tls_and_a_log_for_a_store(place, tmp_path):
    path = tmp_path / "glossator.toml"
    path.write_text(written(usual(place), tmp_path))
    settings = load(path, environ={})
    assert settings.quotas.requests_per_minute
    assert settings.quotas.tokens_per_day
    assert (settings.auth.token_days, settings.observability.log_format) == (90, "json")
    assert settings.server.hosts == ("glossator.example.com",)
    assert settings.server.host == "127.0.0.1"  # the proxy ends TLS


def test_the_manifests_have_what_init_writes_for_a_cluster(init, tmp_path):
    assert init("--for", "cluster", "--source", "package:numpy").exit_code == 0
    assert (tmp_path / "glossator.toml").read_text() == BASE.read_text()


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "ümlaut 😀", "\x7f\x00", "[x]\n[y]"])
def test_no_text_breaks_out_of_its_setting(init, text, tmp_path):
    assert init("--for", "laptop", f"--model={text}", f"--source=git:{text}").exit_code == 0
    said = tomllib.loads((tmp_path / "glossator.toml").read_text("utf-8"))
    assert said["generation"]["model"] == text
    (source,) = said["sources"].values()
    assert source == {"kind": "git", "uri": text}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--for", "team", "--login", "none"], "tokens or oidc"),
        (["--for", "team", "--login", "oidc"], "--jwks, --issuer and --audience"),
        (["--for", "team", "--issuer", "x"], "--login oidc"),
        (["--for", "team", "--tls", "certificate"], "--certificate and --key"),
        (["--for", "cluster", "--certificate", "a", "--key", "b"], "ingress"),
        (["--for", "laptop", "--model", "m", "--quotes"], "one of them"),
        (["--for", "moon"], "laptop"),
        (["--for", "team", "--token-days", "-1"], "0<=x<=36500"),
    ],
)
def test_what_does_not_go_together_names_the_options(init, options, says, tmp_path):
    done = init(*options)
    assert done.exit_code == 2
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--source", "ftp:x"], "kind = 'ftp'"),
        ([*OIDC[2:], "--jwks", "http://id.example.com/keys"], "https"),
        (["--output", "nowhere/glossator.toml"], "cannot be written"),
    ],
)
def test_what_the_backend_would_refuse_is_not_written(init, options, says, tmp_path):
    done = init("--for", "team", *options)
    assert done.exit_code == 1
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_stays_unless_force_is_given(init, tmp_path):
    path = tmp_path / "glossator.toml"
    path.write_text("mine")
    refused = init("--for", "laptop")
    assert (refused.exit_code, path.read_text()) == (1, "mine")
    assert "--force" in refused.stderr
    assert init("--for", "laptop", "--force").exit_code == 0
    assert load(path, environ={}).profile.name == "laptop-cpu"


def test_without_a_terminal_it_names_the_options(init, tmp_path):
    done = init()
    assert done.exit_code == 2
    assert "--for laptop, --for team or --for cluster" in done.stderr
    assert list(tmp_path.iterdir()) == []


def ask(folder, *answers):
    """Types the answers into a real terminal, and returns what `init` printed."""
    ours, theirs = os.openpty()
    try:
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        return subprocess.run(
            [sys.executable, "-m", "glossator", "init"],
            cwd=folder, stdin=theirs, capture_output=True, text=True, timeout=180,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)


def test_four_answers_at_a_terminal_make_a_file(tmp_path):
    done = ask(tmp_path, "team", "http://127.0.0.1:8080/v1", "tokens", "ai.internal", "proxy")
    assert done.returncode == 0, done.stderr
    settings = load(tmp_path / "glossator.toml", environ={})
    assert settings.generation.upstream == "http://127.0.0.1:8080/v1"
    assert settings.server.hosts == ("ai.internal",)
    assert settings.auth.tokens == str(tmp_path / "tokens.json")
    assert "glossator token create" in done.stdout
    for step in ("doctor", "serve"):
        assert f"glossator {step} --config glossator.toml" in done.stdout


def test_return_takes_what_is_usual(tmp_path):
    assert ask(tmp_path, "", "").returncode == 0
    assert load(tmp_path / "glossator.toml", environ={}).profile.name == "laptop-cpu"


def test_the_usual_wishes_go_together():
    for place in ("laptop", "team", "cluster"):
        assert mistakes(usual(place)) == []


def test_a_token_expires_when_the_settings_say(tmp_path):
    from backend.identity.tokens import TokenFile

    config = tmp_path / "glossator.toml"
    config.write_text(written(usual("team"), tmp_path).replace("token_days = 90", "token_days = 0"))
    made = CliRunner().invoke(cli, ["token", "create", "ada", "--config", str(config)])
    assert made.exit_code == 0
    assert TokenFile(tmp_path / "tokens.json").all()[0].expires == ""


def test_no_settings_file_is_kept_that_cannot_be_read(tmp_path, monkeypatch):
    """Whatever goes wrong, the folder is as it was."""
    from glossator.operate import init as module

    monkeypatch.setattr(module, "written", lambda *_: "[nonsense]\n")
    with pytest.raises(StartupFailed, match=r"Nothing was written.*\[nonsense\]"):
        module.init("laptop", {}, tmp_path / "glossator.toml", False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_hard_links_will_do(init, tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    assert init("--for", "laptop").exit_code == 0
    assert load(tmp_path / "glossator.toml", environ={}).profile.name == "laptop-cpu"
    assert init("--for", "team").exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["glossator.toml"]
