"""Connections: to the address that was checked, over TLS that was verified."""

import datetime
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from indexer.readers.page import Unreadable
from indexer.sources.web.fetcher import Fetcher, Unreachable
from indexer.sources.web.network import CheckedBackend, Refused

LIMIT = 10_000


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"secured")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of ``localhost`` and no other name, signed by itself; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="module")
def port(certificate: Path) -> Iterator[int]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_site_is_verified_by_its_name(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the connection is made to an address. The company's own authorities are trusted where
    the system trusts them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Fetcher(private=True) as fetcher:
        assert fetcher.get(f"https://localhost:{port}/", LIMIT).body == b"secured"
        with pytest.raises(Unreachable, match="certificate"):
            fetcher.get(f"https://127.0.0.1:{port}/", LIMIT)


def test_a_site_that_nobody_vouches_for_is_not_read(port: int) -> None:
    with Fetcher(private=True) as fetcher, pytest.raises(Unreachable, match="certificate"):
        fetcher.get(f"https://localhost:{port}/", LIMIT)


def test_a_name_is_resolved_once_and_that_address_connected_to(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time (DNS rebinding) is not asked twice."""
    asked: list[str] = []
    answers = iter([["93.184.216.34", "10.0.0.1"], ["127.0.0.1"]])
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **more: Any) -> Any:
        if host != "rebind.example.com":
            return resolve(host, *rest, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in next(answers)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    backend = CheckedBackend(private=False)
    assert backend.resolve("rebind.example.com", 80) == "93.184.216.34"
    assert asked == ["rebind.example.com"]
    with pytest.raises(Refused, match=r"rebind.example.com is at 127.0.0.1"):
        backend.connect_tcp("rebind.example.com", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"])
def test_no_spelling_of_this_machine_is_connected_to(port: int, host: str) -> None:
    with Fetcher(private=False) as fetcher, pytest.raises((Unreadable, Unreachable)):
        fetcher.get(f"http://{host}:{port}/", LIMIT)


def test_addresses_are_what_python_says_they_are() -> None:
    """The rule leans on ``is_global``: it must know the special ranges."""
    for special in ("100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1", "fe80::1"):
        assert not ipaddress.ip_address(special).is_global
