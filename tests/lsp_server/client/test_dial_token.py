"""The client keeps its token where it would be read on the way, and takes it along nowhere else."""

import asyncio

import pytest
from click.testing import CliRunner
from websockets.asyncio.server import serve

from glossator.cli import cli
from loadtest.scenarios.server import Server
from lsp_server.client.client import BackendUnreachable, Client


async def test_a_client_refuses_before_it_connects():
    """No name is looked up: the host does not exist."""
    client = Client("ws://backend.invalid:8765", "secret")
    with pytest.raises(BackendUnreachable, match="--insecure-token"):
        await client.connect()
    await client.close()


def test_ask_says_what_to_do():
    asked = ["ask", "why?", "--url", "http://backend.invalid:8765", "--token", "secret"]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 1
    assert "--insecure-token" in done.output


def test_a_load_test_refuses_too():
    with pytest.raises(ConnectionError, match="--insecure-token"):
        Server("http://backend.invalid:8765", "secret")


async def test_a_token_does_not_follow_a_redirect():
    """Another port is another server already."""
    seen = []

    async def other(reader, writer):
        seen.append(await reader.read(1))
        writer.close()

    def redirect(connection, request):
        response = connection.respond(302, "")
        response.headers["Location"] = f"ws://127.0.0.1:{port}/"
        return response

    async def nobody(socket):
        await socket.wait_closed()

    elsewhere = await asyncio.start_server(other, "127.0.0.1", 0)
    port = elsewhere.sockets[0].getsockname()[1]
    async with elsewhere, serve(nobody, "127.0.0.1", 0, process_request=redirect) as server:
        here = next(iter(server.sockets)).getsockname()[1]
        client = Client(f"ws://127.0.0.1:{here}", "secret")
        with pytest.raises(BackendUnreachable, match="302"):
            await client.connect()
        await client.close()
    assert seen == []
