"""The load test's users of an OpenAI-compatible server, over a real socket."""

import socket
import threading
from http.client import parse_headers

from backend.protocol.wire import Ask
from loadtest.scenarios.clients import OpenAIClient

EVENTS = (
    b'data: {"choices": [{"delta": {"content": "yes"}}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n'
    b"data: [DONE]\n\n"
)
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"  # the answer ends with the connection


def served(*answers):
    """The address of a server that gives each connection one of ``answers`` and closes it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener:
            for answer in answers:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as asked:
                    # All of it: closed with a part unread, TCP resets, and the answer is lost.
                    asked.readline()
                    asked.read(int(parse_headers(asked)["Content-Length"]))
                    connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return "http://{}:{}".format(*listener.getsockname())


def asked(url):
    client = OpenAIClient(url, "m", {})
    sample, text = client.ask(Ask(id="r", question="q", max_tokens=1), [], users=1)
    client.close()
    return sample.outcome, sample.code, text


def test_a_connection_that_closes_as_it_is_used_is_opened_anew():
    assert asked(served(b"", HEAD + EVENTS)) == ("finished", "", "yes")


def test_a_server_that_keeps_hanging_up_has_failed():
    assert asked(served(b"", b"")) == ("failed", "ConnectionError", "")


def test_an_answer_without_its_end_is_broken_off():
    first, _, _ = EVENTS.partition(b"\n\n")
    assert asked(served(HEAD + first + b"\n\n")) == ("failed", "broken off", "yes")
