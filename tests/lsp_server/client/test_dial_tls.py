"""What a client says when TLS fails, on real connections: it is never "start the backend"."""

import asyncio
import ssl
import subprocess

import pytest
from click.testing import CliRunner

from glossator.cli import cli
from lsp_server.client.client import BackendUnreachable, Client


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


async def refused(context):
    async def hang_up(reader, writer):
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"wss://127.0.0.1:{port}") as client:
            with pytest.raises(BackendUnreachable) as raised:
                await client.connect()
    assert "glossator serve" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("authorities", "words"),
    [
        ("", "If your company signs its own certificates, give"),
        ("none.pem", "which does not exist"),
        ("other.pem", "did not sign it"),
    ],
)
async def test_a_certificate_that_is_not_trusted(
    certificate, tmp_path, monkeypatch, authorities, words
):
    (tmp_path / "other.pem").write_text("")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if authorities:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / authorities))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    said = await refused(context)
    assert "is not trusted: self" in said
    assert words in said
    assert "--ca FILE" in said


async def test_a_server_without_tls():
    async def clear(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(clear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"wss://127.0.0.1:{port}") as client:
            with pytest.raises(BackendUnreachable, match="does not answer with TLS"):
                await client.connect()


@pytest.mark.parametrize(
    ("name", "words"), [("none.pem", "does not exist"), ("text.pem", "no certificates")]
)
def test_a_file_of_authorities_that_is_none_is_named(tmp_path, name, words):
    (tmp_path / "text.pem").write_text("hello")
    done = CliRunner().invoke(cli, ["ask", "why?", "--ca", str(tmp_path / name)])
    assert done.exit_code == 2
    assert words in done.output
