"""A token that ends while a websocket is open: the next request on it is refused."""

import json
import time
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.identity import caller
from backend.identity.tokens import TokenFile
from backend.protocol.wire import Ask, Complete, Failed, Finished, Found, Lookup, Prepare, Resume
from backend.settings import Auth, Server, Settings

REQUESTS = [
    Ask(id="a", question="q", sources=()),
    Lookup(id="a", symbol="x"),
    Complete(id="a", prefix="x"),
    Resume(id="before"),
    Prepare(id="a", question="q"),
]


@pytest.fixture
def file(tmp_path):
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
async def served(serve, file, tmp_path):
    auth = Auth(tokens=str(tmp_path / "tokens.json"))
    return await serve(Settings(server=Server(port=0), auth=auth))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def refused(socket, request):
    await socket.send(request)
    failed = await socket.receive()
    assert isinstance(failed, Failed)
    return failed.id, failed.code


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda frame: type(frame).__name__)
async def test_a_token_that_was_withdrawn_opens_nothing_more(served, file, request_):
    async with served.connected(bearer(file.create("ann"))) as socket:
        assert isinstance((await socket.ask(Ask("before", "q", sources=())))[-1], Finished)
        file.revoke(file.all()[0].id)
        assert await refused(socket, request_) == (request_.id, "unauthorized")
        assert await refused(socket, request_) == (request_.id, "unauthorized")


async def test_another_users_token_stays_what_it_was(served, file):
    ann, bob = file.create("ann"), file.create("bob")
    async with served.connected(bearer(ann)) as first, served.connected(bearer(bob)) as second:
        file.revoke(file.all()[0].id)
        assert await refused(first, REQUESTS[0]) == ("a", "unauthorized")
        assert isinstance((await second.ask(REQUESTS[0]))[-1], Finished)
        assert isinstance((await second.ask(Lookup("b", "x")))[-1], Found)


async def test_a_token_that_expires_opens_nothing_more(served, file):
    token = file.create("ann", days=0.5 / 86_400)
    async with served.connected(bearer(token)) as socket:
        while (last := (await socket.ask(Ask(f"{time.time()}", "q", sources=())))[-1]) and (
            isinstance(last, Finished)
        ):
            pass
        assert (last.code, "expired" in last.message) == ("unauthorized", True)


async def test_a_jwt_that_expires_opens_nothing_more(serve, tmp_path, monkeypatch):
    key = rsa.generate_private_key(65537, 2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [public | {"kid": "k", "alg": "RS256"}]}))
    auth = Auth(jwks=str(jwks), issuer="https://id.example", audience="glossator")
    claims = {"iss": auth.issuer, "aud": auth.audience, "sub": "ann", "exp": time.time() + 60}
    token = jwt.encode(claims, key, "RS256", headers={"kid": "k"})
    served = await serve(Settings(server=Server(port=0), auth=auth))
    async with served.connected(bearer(token)) as socket:
        assert isinstance((await socket.ask(Ask("before", "q", sources=())))[-1], Finished)
        later = time.time() + 120
        monkeypatch.setattr(caller, "time", SimpleNamespace(time=lambda: later))
        assert await refused(socket, REQUESTS[0]) == ("a", "unauthorized")
