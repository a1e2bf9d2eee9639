"""Tokens, the identity provider and the clock: real files, and a real HTTP server."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.deploy.checks import clock as clock_module
from backend.deploy.checks.clock import clock
from backend.deploy.checks.sign_in import provider, sign_in, tokens
from backend.identity.tokens import TokenFile
from backend.settings import Auth, Server, Settings, Tenant


@pytest.fixture
def provider_server():
    """An identity provider. ``ahead_s`` is how far its clock is ahead of ours."""

    class Provider(BaseHTTPRequestHandler):
        ahead_s = 0.0
        status = 200

        def do_GET(self):
            public = rsa.generate_private_key(65537, 2048).public_key()
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public)) | {"kid": "k"}
            self.send_response(Provider.status)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": [key]}).encode())

        def date_time_string(self, timestamp=None):
            return formatdate(time.time() + Provider.ahead_s, usegmt=True)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Provider.url = f"http://127.0.0.1:{server.server_port}/keys"
    yield Provider
    server.shutdown()
    server.server_close()


async def test_a_provider_is_asked_for_its_keys(provider_server):
    found = await provider(provider_server.url)
    assert (found.state, "1 key" in found.said) == ("ok", True)
    provider_server.status = 503
    found = await provider(provider_server.url)
    assert (found.state, "503" in found.said, bool(found.todo)) == ("wrong", True, True)
    found = await provider("https://127.0.0.1:9/keys")
    assert found.state == "wrong"
    assert "jwks" in found.todo


@pytest.mark.parametrize(
    ("ahead_s", "signed", "state", "says"),
    [
        (0, True, "ok", "agrees"),
        (12, True, "ok", "agrees"),
        (3660, True, "wrong", "1.0 hours behind"),
        (-3660, True, "wrong", "1.0 hours ahead of"),
        (-3660, False, "warning", "1.0 hours ahead of"),
    ],
)
def test_a_clock_that_is_an_hour_off_is_told(provider_server, ahead_s, signed, state, says):
    provider_server.ahead_s = ahead_s
    found = clock([provider_server.url], signed=signed)
    assert found.state == state
    assert says in found.said
    assert ("NTP" in found.todo) == (state != "ok")


@pytest.mark.parametrize(
    ("says", "state"), [("yes", "ok"), ("no", "warning"), ("", "unchecked"), (None, "unchecked")]
)
def test_without_a_server_the_system_is_asked_and_else_nothing_is_claimed(
    says, state, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    if says is not None:
        (tmp_path / "timedatectl").write_text(f"#!/bin/sh\necho {says}\n")
        (tmp_path / "timedatectl").chmod(0o755)
    assert clock(["http://127.0.0.1:9/"], signed=True).state == state
    assert clock_module.date_of("http://[") is None


def test_tokens_that_are_missing_ending_or_foreign_are_told(tmp_path):
    file = TokenFile(tmp_path / "tokens.json")
    now = datetime.now(UTC)

    def found(**tenants):
        auth = Auth(tokens=str(tmp_path / "tokens.json"))
        return tokens(Settings(auth=auth, tenants=tenants), now)

    assert "does not exist" in found().said
    file.create("late", days=-1)
    assert "no token that is valid" in found().said
    assert "token create" in found().todo
    file.create("ada", days=90)
    assert (found().state, found().said) == ("ok", "1 valid.")
    assert found(acme=Tenant()).state == "warning"
    file.create("bob", days=3)
    assert "Tokens of bob end within" in found().said
    assert "token rotate" in found().todo
    file.rotate("bob", "", 90, timedelta(days=1))
    assert found().state == "ok"  # bob has a newer one, though the old one ends tomorrow
    for broken in ("{", '[{"id": "a", "sha256": "b", "user": "ada", "expires": "soon"}]'):
        (tmp_path / "tokens.json").write_text(broken)
        assert (found().state, bool(found().todo)) == ("wrong", True)


@pytest.mark.parametrize(
    ("settings", "state", "says"),
    [
        (Settings(), "ok", "Only this machine"),
        (Settings(server=Server(host="0.0.0.0")), "warning", "Anybody"),
        (Settings(auth=Auth(jwks="https://id.example.com/keys")), "wrong", "issuer"),
        (Settings(auth=Auth(jwks="/none", issuer="i", audience="a")), "wrong", "/none"),
    ],
)
async def test_doors_that_are_open_or_cannot_open_are_told(settings, state, says):
    (found,) = await sign_in(settings)
    assert found.state == state
    assert says in f"{found.said} {found.todo}"
    assert bool(found.todo) == (state != "ok")
