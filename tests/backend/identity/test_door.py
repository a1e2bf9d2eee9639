"""Who is let in without users being declared, and that the operator is told."""

import pytest

from backend.identity.door import open_to_all
from backend.settings import Auth, Server, Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "docs.example.com"])
def test_an_address_that_others_reach_without_users_is_warned_about(host):
    assert "[auth]" in open_to_all(Settings(), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.5.5.5"])
def test_an_address_of_this_machine_alone_is_not(host):
    assert not open_to_all(Settings(), host)


@pytest.mark.parametrize(
    "settings",
    [Settings(auth=Auth(tokens="t.json")), Settings(auth=Auth(jwks="https://id.example/keys")),
     Settings(server=Server(user_header="X-User"))],
)  # fmt: skip
def test_declared_users_are_not(settings):
    assert not open_to_all(settings, "0.0.0.0")
