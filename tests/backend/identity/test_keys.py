"""Keys of an OIDC provider that is well, slow, down, or changes its keys; a real HTTP server."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.errors import StartupFailed, Unavailable
from backend.identity.keys import KeyFile, ProviderKeys


def jwk(name):
    public = rsa.generate_private_key(65537, 2048).public_key()
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public)) | {"kid": name, "alg": "RS256"}


class Provider:
    """Serves ``names`` as keys; waits for ``open`` before it answers, fails while ``down``."""

    def __init__(self):
        self.keys = {name: jwk(name) for name in ("k1", "k2")}
        self.names = ["k1"]
        self.down = False
        self.open = threading.Event()
        self.open.set()
        self.fetches = 0
        self.asked_again = threading.Event()


@pytest.fixture
def provider():
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.fetches += 1
            if state.fetches == 2:
                state.asked_again.set()
            state.open.wait(20)
            body = json.dumps({"keys": [state.keys[name] for name in state.names]}).encode()
            self.send_response(503 if state.down else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/keys"
    yield state
    state.open.set()
    server.shutdown()
    server.server_close()


class Clock:
    """``clock.now = 20`` makes it twenty seconds later."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


async def test_keys_are_fetched_once_for_many_logins(provider):
    """A hundred logins at once cost the provider one request."""
    found = ProviderKeys(provider.url)
    await asyncio.gather(*(found.find("k1") for _ in range(100)))
    assert provider.fetches == 1


async def test_known_keys_are_used_while_a_slow_provider_is_asked_for_an_unknown_one(
    provider, clock
):
    """Made-up key ids must not make valid logins wait."""
    found = ProviderKeys(provider.url, clock)
    await found.find("k1")
    clock.now = 20
    provider.open.clear()
    strangers = [asyncio.create_task(found.find(f"made up {n}")) for n in range(50)]
    assert await asyncio.to_thread(provider.asked_again.wait, 10)
    assert (await found.find("k1")).key_id == "k1"
    assert not any(stranger.done() for stranger in strangers)
    provider.open.set()
    for stranger in strangers:
        with pytest.raises(jwt.InvalidKeyError, match="not known"):
            await stranger
    assert provider.fetches == 2


async def test_known_keys_outlive_a_provider_that_is_down_for_hours(provider, clock):
    found = ProviderKeys(provider.url, clock)
    await found.find("k1")
    provider.down = True
    for later in (700, 3600, 80_000):
        clock.now = later
        assert (await found.find("k1")).key_id == "k1"


async def test_keys_that_could_not_be_renewed_for_a_day_are_not_trusted(provider, clock):
    found = ProviderKeys(provider.url, clock)
    await found.find("k1")
    provider.down = True
    clock.now = 90_000
    with pytest.raises(Unavailable, match="sign-in keys"):
        await found.find("k1")


async def test_nobody_can_be_judged_before_the_first_keys_are_there(provider):
    """503, not 401: the token may be fine."""
    provider.down = True
    with pytest.raises(Unavailable) as refused:
        await ProviderKeys(provider.url).find("k1")
    assert refused.value.status == 503
    assert refused.value.retry_after_ms


async def test_a_new_key_is_found_soon_after_the_provider_has_it(provider, clock):
    found = ProviderKeys(provider.url, clock)
    await found.find("k1")
    provider.names = ["k2"]
    with pytest.raises(jwt.InvalidKeyError):
        await found.find("k2")  # too soon to ask again
    clock.now = 20
    assert (await found.find("k2")).key_id == "k2"
    with pytest.raises(jwt.InvalidKeyError):
        await found.find("k1")  # withdrawn


def test_a_file_without_keys_does_not_start(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text('{"keys": []}')
    with pytest.raises(StartupFailed):
        KeyFile(str(path))
