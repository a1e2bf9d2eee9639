"""A token goes over the network encrypted, or not at all."""

import pytest

from lsp_server.client.bearer import INSECURE, is_loopback, refusal


@pytest.mark.parametrize(
    "url",
    ["ws://127.0.0.1:8765/v1", "http://localhost/", "ws://[::1]:1/", "ws://127.9.9.9/",
     "http://a.localhost:80/", "wss://example.org/", "https://example.org/", "http://LOCALHOST./"],
)  # fmt: skip
def test_it_may_be_sent_here_and_where_it_is_encrypted(url: str) -> None:
    assert refusal(url, "secret") == ""


@pytest.mark.parametrize(
    "url",
    ["ws://example.org/", "http://10.0.0.7:8765", "ws://127.0.0.1@example.org/", "WS://0.0.0.0/",
     "http://localhost.example.org/", "ws://127.0.0.1.example.org/", "ws://[fe80::1]/"],
)  # fmt: skip
def test_it_is_not_sent_in_the_clear_elsewhere(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal says what to do; who says that the network is theirs alone is believed."""
    said = refusal(url, "secret")
    assert "https://" in said
    assert "--insecure-token" in said
    assert "secret" not in said
    monkeypatch.setenv(INSECURE, "1")
    assert refusal(url, "secret") == ""


def test_without_a_token_there_is_nothing_to_keep() -> None:
    """A login in the address is one, too."""
    assert refusal("ws://example.org/", "") == ""
    assert refusal("ws://ada:pw@example.org/", "")
    assert not is_loopback("ws://example.org/")
