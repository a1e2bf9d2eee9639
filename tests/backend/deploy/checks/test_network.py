"""The port and the certificate, as a client of this machine would meet them."""

import socket

import pytest

from backend.deploy.checks.network import certificate, port, tls
from backend.errors import StartupFailed
from backend.settings import Server
from tests.fixtures.certificates import Authority

NAME = "glossator.example.com"


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """One that this machine trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def server(chain, key, *hosts):
    return Server(tls_certificate=str(chain), tls_key=str(key), hosts=hosts or (NAME,))


def test_a_certificate_that_clients_would_take_is_well(authority):
    found = certificate(
        server(*authority.issue(NAME, "*.docs.example.com"), NAME, "*.docs.example.com")
    )
    assert (found.state, found.todo) == ("ok", "")
    assert "valid until" in found.said


def test_without_hosts_no_name_is_compared(authority):
    chain, key = authority.issue(NAME)
    settings = Server(tls_certificate=str(chain), tls_key=str(key), host="0.0.0.0")
    assert certificate(settings).state == "ok"


def test_one_of_an_unknown_authority_is_a_warning_and_of_a_wrong_chosen_one_an_error(
    authority, tmp_path, monkeypatch
):
    other = Authority(tmp_path, "other")
    settings = server(*other.issue(NAME))
    unknown = certificate(settings)
    assert (unknown.state, "--ca" in unknown.todo) == ("warning", True)
    chosen = certificate(settings, authority=str(authority.file))
    assert chosen.state == "wrong"
    assert str(authority.file) in chosen.said
    assert "--ca" in chosen.todo


@pytest.mark.parametrize(
    ("days", "state", "says"), [(-1, "wrong", "expired"), (9.5, "warning", "9 days")]
)
def test_one_that_has_ended_or_soon_does_says_to_renew_it(authority, days, state, says):
    found = certificate(server(*authority.issue(NAME, days=days)))
    assert found.state == state
    assert says in found.said
    assert "Renew" in found.todo


def test_one_for_another_name_says_for_which_name(authority):
    found = certificate(server(*authority.issue("old.example.com")))
    assert found.state == "wrong"
    assert NAME in found.todo


def test_what_cannot_be_loaded_is_refused_by_the_start_too(authority, tmp_path):
    chain, key = authority.issue(NAME)
    _, other = authority.issue("other.example.com")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no PEM")
    for files in ((tmp_path / "none.pem", key), (chain, tmp_path / "none.key"), (chain, other),
                  (nonsense, key), (chain, nonsense)):  # fmt: skip
        with pytest.raises(StartupFailed, match=r"tls_certificate"):
            tls(server(*files))
        found = certificate(server(*files))
        assert (found.state, bool(found.todo)) == ("wrong", True)
    assert "is not the key of" in certificate(server(chain, other)).said
    with pytest.raises(StartupFailed, match="tls_certificate"):
        tls(Server(tls_key=str(key)))


def test_without_tls_there_is_nothing_to_check():
    assert certificate(Server()).state == "ok"
    assert tls(Server()) is None


def test_a_port_in_use_is_wrong_unless_a_backend_is_known_to_have_it():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Server(port=taken.getsockname()[1])
        found = port(settings)
        assert (found.state, "--port" in found.todo) == ("wrong", True)
        assert port(settings, serving=True).state == "ok"
    assert port(Server(port=0)).state == "ok"
    assert port(Server(host="256.1.1.1")).state == "wrong"
