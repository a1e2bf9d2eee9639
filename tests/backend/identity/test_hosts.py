"""By which names a server may be called: what a browser sends after DNS rebinding is refused."""

import pytest

from backend.gateway.openai.api import error_response
from backend.identity.hosts import KnownHosts


def refusal(error, connection):
    return error_response(error)


async def never(scope, receive, send):
    raise AssertionError("reached")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8765", "app.localhost", "127.0.0.1:8765", "127.8.8.8", "[::1]:8765",
     "192.168.1.5", "docs.example.com", "localhost.", "a.b.corp.example:443"],
)  # fmt: skip
def test_loopback_addresses_and_configured_names_are_known(host):
    assert KnownHosts(never, refusal, ["docs.example.com", "*.corp.example"]).knows(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "corp.example",
     "docs.example.com.evil.example", "evil.example:127.0.0.1", "evil.example#localhost",
     "user@evil.example", "[::1", "", "0x7f000001", "localhost\x00.evil.example"],
)  # fmt: skip
def test_other_names_are_not(host):
    assert not KnownHosts(never, refusal, ["docs.example.com", "*.corp.example"]).knows(host)


def test_any_name_may_be_allowed():
    assert KnownHosts(never, refusal, ["*"]).knows("evil.example")


async def refused(*hosts, kind="http"):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "headers": [(b"host", host) for host in hosts],
             "extensions": {"websocket.http.response": {}}}  # fmt: skip
    await KnownHosts(never, refusal)(scope, None, send)
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("hosts", [(b"evil.example",), (b"localhost", b"evil.example")])
async def test_the_refusal_is_one_clear_403(kind, hosts):
    """Also for two headers, of which a proxy and we might read different ones."""
    start, body = await refused(*hosts, kind=kind)
    assert start["status"] == 403
    assert b"[server]" in body["body"]
