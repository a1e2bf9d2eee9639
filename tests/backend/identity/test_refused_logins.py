"""Refused logins as an operator sees them: one line and one count each, with the reason."""

import asyncio
import contextlib
import logging

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.deploy.addresses import listening
from backend.deploy.patience import ImpatientWebSocket
from backend.gateway.app import build_app
from backend.identity.tokens import TokenFile
from backend.protocol.wire import PATH
from backend.settings import Auth, Server, Settings, Tenant


@pytest.fixture
def file(tmp_path):
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
async def served(serve, file, tmp_path):
    """The gateway behind the same websocket protocol as the product's."""
    auth = Auth(tokens=str(tmp_path / "tokens.json"))
    settings = Settings(server=Server(port=0), auth=auth, tenants={"acme": Tenant()})
    gateway = (await serve(settings)).gateway
    with listening(settings.server) as listener:
        config = uvicorn.Config(build_app(gateway), log_config=None, ws=ImpatientWebSocket)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield gateway, "{}:{}".format(*listener.getsockname()[:2])
        server.should_exit = True
        await serving


@pytest.mark.parametrize(
    ("reason", "headers", "status"),
    [
        ("no_token", {}, 401),
        ("token", {"Authorization": "Bearer gls_0_none"}, 401),
        ("expired", {"Authorization": "Bearer {expired}"}, 401),
        ("tenant", {"Authorization": "Bearer {stranger}"}, 403),
        ("origin", {"Origin": "https://evil.example"}, 403),
        ("host", {"Host": "evil.example"}, 403),
    ],
)
async def test_a_refused_login_is_one_line_and_one_count(
    served, file, caplog, reason, headers, status
):
    gateway, place = served
    made = {"expired": file.create("ann", "acme", days=-1), "stranger": file.create("eve", "other")}
    headers = {name: value.format(**made) for name, value in headers.items()}
    with caplog.at_level(logging.WARNING):
        with contextlib.suppress(InvalidStatus):
            async with connect(f"ws://{place}{PATH}", additional_headers=headers):
                raise AssertionError("was let in")
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://{place}/v1/models", headers=headers)
    assert answer.status_code == status
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2, lines
    assert all(line.startswith(f"login from 127.0.0.1 refused ({reason}): ") for line in lines)
    assert not any(token in line for token in made.values() for line in lines)
    count = gateway.metrics.registry.get_sample_value
    assert count("glossator_logins_refused_total", {"reason": reason}) == 2
