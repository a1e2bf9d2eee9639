"""The load test's websocket, against real servers of the same library."""

import threading
from contextlib import closing, contextmanager

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.server import serve

from backend.protocol.wire import SUBPROTOCOL
from loadtest.scenarios.clients import WebsocketClient
from loadtest.scenarios.websocket import WebSocket


@contextmanager
def serving(handler, **options):
    """The address of a server whose every connection ``handler`` has."""
    with serve(handler, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "ws://{}:{}/v1/session".format(*server.socket.getsockname())
        server.shutdown()
        thread.join()


def opened(url, **headers):
    return closing(WebSocket(url, SUBPROTOCOL, headers, timeout_s=5))


def test_messages_go_both_ways_whole():
    """However the network cuts them: long ones, several in one piece, one in several frames."""

    def echo(socket):
        for message in socket:
            socket.send(message)
            socket.send(iter(["in ", "three ", "frames"]))

    with serving(echo) as url, opened(url) as socket:
        for text in ("short", "x" * 300_000):
            socket.send(text)
            assert socket.recv().decode() == text
            assert socket.recv() == b"in three frames"


def test_headers_and_the_subprotocol_are_asked_for():
    seen = {}

    def note(socket):
        seen.update(token=socket.request.headers["Authorization"], spoken=socket.subprotocol)

    with (
        serving(note) as url,
        opened(url, Authorization="Bearer t") as socket,
        pytest.raises(ConnectionClosed),
    ):
        socket.recv()
    assert seen == {"token": "Bearer t", "spoken": SUBPROTOCOL}


def test_a_server_that_refuses_says_why():
    def refuse(socket, request):
        return socket.respond(401, "who are you?\n")

    with serving(lambda socket: None, process_request=refuse) as url:
        with pytest.raises(InvalidStatus) as refused:
            WebSocket(url, SUBPROTOCOL, {}, timeout_s=5)
        assert refused.value.response.status_code == 401


def test_what_came_before_the_end_is_read_before_it():
    def farewell(socket):
        socket.send("last words")
        socket.close(1011)

    with serving(farewell) as url, opened(url) as socket:
        assert socket.recv() == b"last words"
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv()
        assert ended.value.rcvd.code == 1011


def test_pings_are_answered_while_waiting():
    answered = threading.Event()

    def ping(socket):
        if socket.ping().wait(60):
            answered.set()
        socket.send("done")

    with serving(ping, ping_interval=None) as url, opened(url) as socket:
        assert socket.recv() == b"done"
    assert answered.is_set()


def test_nobody_at_home_is_an_os_error():
    with pytest.raises(OSError, match="refused"):
        WebSocket("ws://127.0.0.1:9", SUBPROTOCOL, {}, timeout_s=5)


def test_pings_are_answered_while_nobody_waits_for_a_message():
    """Otherwise servers drop users who think for long, and a load test calls it their failure."""
    answered = threading.Event()
    pinged = threading.Event()

    def ping(socket):
        waiter = socket.ping()
        pinged.set()
        waiter.wait(60)
        answered.set()
        socket.send("still here")
        socket.recv()

    with serving(ping, ping_interval=None) as url, opened(url) as socket:
        pinged.wait(60)
        while not answered.is_set():
            socket.rest()
        assert socket.recv() == b"still here"  # what comes meanwhile is kept for who waits
        socket.send("bye")


def test_a_connection_that_was_lost_while_its_user_thought_is_opened_anew():
    connections = []

    def hang_up(socket):
        connections.append(socket)
        if len(connections) == 2:
            socket.recv()

    with serving(hang_up) as url:
        client = WebsocketClient(url, {})
        client._connected()
        while client._socket is not None:
            client.rest()
        client._connected().send("bye")
        client.close()
    assert len(connections) == 2
