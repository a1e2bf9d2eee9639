"""Once tenants are declared, a login of none of them sees nothing, whichever way it asks."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.identity.tokens import TokenFile
from backend.protocol import wire
from backend.protocol.wire import (
    Ask,
    Citations,
    Complete,
    Failed,
    Finished,
    Found,
    Lookup,
    Prepare,
    Resume,
)

TENANTS = {"declared": "acme", "unknown": "stranger", "none": "", "another case": "Acme"}
QUESTION = "what is rfft?"
ROUTES = {
    "/v1/models": None,
    "/v1/about": None,
    "/v1/chat/completions": {"messages": [{"role": "user", "content": QUESTION}]},
}
FRAMES = {
    "ask": Ask(id="ask", question=QUESTION),
    "lookup": Lookup(id="lookup", symbol="numpy.fft.rfft"),
    "complete": Complete(id="complete", prefix="import numpy"),
    "prepare": Prepare(id="prepare", question=QUESTION),
    "resume": Resume(id="never asked"),
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    """Of one user of each tenant, made before the operator declared any."""
    path = tmp_path_factory.mktemp("tenancy") / "tokens.json"
    file = TokenFile(path)
    return path, {kind: file.create("ada", tenant) for kind, tenant in TENANTS.items()}


@pytest.fixture(scope="module")
def server(start_backend, own_data, tokens):
    path, _ = tokens
    config = path.with_name("glossator.toml")
    config.write_text(
        f'[auth]\ntokens = "{path}"\n[tenants.acme]\n[tenants.other]\nsources = []\n'
        "[generation]\nengine = 'extractive'\n[rails.toxicity]\naction = 'off'\n"
        "[retrieval]\nbudget_ms = 10000\n"
    )
    return start_backend("--data", str(own_data), "--config", str(config))


def dial(server, token):
    return connect(server.url.replace("http", "ws") + wire.PATH, subprotocols=[wire.SUBPROTOCOL],
                   additional_headers={"Authorization": f"Bearer {token}"})  # fmt: skip


def http(server, token, route):
    body = ROUTES[route]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(server.url + route, data, headers), timeout=60
        ) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize("kind", [kind for kind in TENANTS if kind != "declared"])
@pytest.mark.parametrize("route", ROUTES)
def test_every_http_route_refuses_who_is_of_no_declared_tenant(server, tokens, kind, route):
    """With the reason, and without the names of other tenants."""
    status, body = http(server, tokens[1][kind], route)
    assert (status, body["error"]["code"]) == (403, "forbidden")
    said = body["error"]["message"]
    assert "[tenants.NAME]" in said
    assert "acme" not in said
    assert "other" not in said
    assert TENANTS[kind] in said


@pytest.mark.parametrize("kind", [kind for kind in TENANTS if kind != "declared"])
async def test_no_websocket_opens_for_who_is_of_no_declared_tenant(server, tokens, kind):
    """So no frame of any kind is ever read: neither ask, prepare, complete, lookup nor resume."""
    with pytest.raises(InvalidStatus) as refused:
        async with dial(server, tokens[1][kind]):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("route", ROUTES)
def test_every_http_route_answers_a_declared_tenant(server, tokens, route):
    status, body = http(server, tokens[1]["declared"], route)
    assert status == 200
    assert "citations" not in body or body["citations"]


async def ended(socket):
    """The frames of one request, with its terminal one last."""
    frames = []
    while not frames or not isinstance(frames[-1], Finished | Failed | Found):
        frames.append(wire.decode_server(await asyncio.wait_for(socket.recv(), 60)))
    return frames


@pytest.mark.parametrize("way", FRAMES)
async def test_every_frame_of_a_declared_tenant_is_served(server, tokens, way):
    """``complete`` needs a model and says so; ``prepare`` is never answered."""
    async with dial(server, tokens[1]["declared"]) as socket:
        await socket.send(wire.encode(FRAMES[way]))
        if way == "prepare":
            await socket.send(wire.encode(Ask(id="after", question=QUESTION)))
        frames = await ended(socket)
    match way:
        case "ask" | "prepare":
            assert any(isinstance(frame, Citations) and frame.citations for frame in frames)
        case "lookup":
            assert frames[-1].entries
        case "complete":
            assert frames[-1].code == "unsupported"
        case "resume":
            assert frames[-1].code == "unknown_request"
