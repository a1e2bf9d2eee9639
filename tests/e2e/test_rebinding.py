"""DNS rebinding: a page whose own name points at this machine reads nothing of a local server."""

import http.client
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.protocol import wire

ROUTES = ["/", "/v1/models", "/v1/about", "/metrics", "/healthz", "/readyz", "/openapi.json", "/no"]


def status(backend, route, host):
    place = urlsplit(backend.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    connection.request("GET", route, headers={"Host": host, "Origin": f"http://{host}"})
    found = connection.getresponse().status
    connection.close()
    return found


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_answers_to_a_foreign_name(backend, route):
    assert status(backend, route, f"evil.example:{urlsplit(backend.url).port}") == 403


async def test_no_websocket_opens_for_a_foreign_name(backend):
    host = "evil.example"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            f"ws://{host}{wire.PATH}", subprotocols=[wire.SUBPROTOCOL], origin=f"http://{host}",
            host="127.0.0.1", port=urlsplit(backend.url).port,
        ):  # fmt: skip
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_loopback_names_are_answered(backend, name):
    assert status(backend, "/v1/models", f"{name}:{urlsplit(backend.url).port}") == 200
