"""A server that knows its users: who is refused, with which code, and what nobody can reach."""

import json
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.protocol import wire
from backend.protocol.wire import Ask, Citations, Failed, Finished, Resume


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auth")
    path = folder / "glossator.toml"
    path.write_text(
        f'[auth]\ntokens = "{folder / "tokens.json"}"\norigins = ["https://docs.example"]\n'
        "[quotas]\nrequests_per_minute = 3\n"
        "[generation]\nengine = 'extractive'\n[rails.toxicity]\naction = 'off'\n"
        "[tenants.rich]\n[tenants.other]\n[tenants.poor]\nsources = []\n"
        "[retrieval]\nbudget_ms = 10000\n"  # an answer without its passages would prove nothing
    )
    return path


@pytest.fixture(scope="module")
def server(start_backend, own_data, config):
    return start_backend("--data", str(own_data), "--config", str(config))


@pytest.fixture
def token(run_glossator, config):
    """``token("ada")``: a token from the command that operators use, of the tenant ``rich``."""

    def create(user, *options, tenant="rich"):
        given = ("--tenant", tenant, *options, "--config", str(config))
        made = run_glossator("token", "create", user, *given)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    return create


@pytest.fixture
def dial(server):
    def open_(token="", **headers):
        given = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        return connect(server.url.replace("http", "ws") + wire.PATH,
                       subprotocols=[wire.SUBPROTOCOL], additional_headers=given)  # fmt: skip

    return open_


def post(server, token="", **headers):
    body = json.dumps({"messages": [{"role": "user", "content": "what is rfft?"}]}).encode()
    given = {"Content-Type": "application/json"} | headers
    given |= {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(server.url + "/v1/chat/completions", body, given)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


async def ask(socket, request_id, question="what is rfft?"):
    await socket.send(wire.encode(Ask(id=request_id, question=question)))
    return await terminal(socket)


async def terminal(socket):
    while True:
        frame = wire.decode_server(await socket.recv())
        if isinstance(frame, Finished | Failed):
            return frame


async def test_a_token_opens_the_door(dial, token):
    async with dial(token("ada")) as socket:
        assert (await ask(socket, "1")).reason == "stop"


@pytest.mark.parametrize("wrong", ["", "nonsense", "gls_00000000_zzz", "a.b.c"])
async def test_without_a_valid_token_nothing_is_served(server, dial, wrong):
    with pytest.raises(InvalidStatus) as refused:
        async with dial(wrong):
            pass
    assert refused.value.response.status_code == 401
    status, body, headers = post(server, wrong)
    assert (status, body["error"]["code"]) == (401, "unauthorized")
    assert headers["WWW-Authenticate"] == "Bearer"
    for path in ("/v1/models", "/v1/about"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            server.get(path)
    assert server.get("/healthz") == "ok\n"  # whoever watches the process needs no token


async def test_expired_and_withdrawn_tokens_are_refused(server, dial, token, run_glossator, config):
    """Over websocket and HTTP, by the same code; nothing says which of the two it was."""
    late = token("late", "--days", "-1")
    status, body, _ = post(server, late)
    assert (status, body["error"]["code"]) == (401, "unauthorized")
    with pytest.raises(InvalidStatus) as refused:
        async with dial(late):
            pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body) == body
    made = token("gone")
    assert post(server, made)[0] == 200
    listed = run_glossator("token", "list", "--config", str(config)).stdout
    (line,) = [line for line in listed.splitlines() if " gone " in line]
    run_glossator("token", "revoke", line.split()[0], "--config", str(config))
    assert post(server, made)[0] == 401


async def test_a_page_on_another_site_may_not_ask_in_a_users_name(server, dial, token):
    """Not even with the user's token; pages that the operator named may."""
    known = token("browser")
    with pytest.raises(InvalidStatus) as refused:
        async with dial(known, Origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    assert post(server, known, Origin="https://evil.example")[0] == 403
    async with dial(known, Origin="https://docs.example"):
        pass


async def test_over_quota_says_when_to_come_back(server, dial, token):
    """Over websocket and HTTP alike: it is the user's quota, not the connection's."""
    known = token("eager")
    async with dial(known) as socket:
        for number in range(3):
            assert isinstance(await ask(socket, str(number)), Finished)
        refused = await ask(socket, "one too many")
    assert (refused.code, refused.retry_after_ms > 0) == ("quota", True)
    status, body, headers = post(server, known)
    assert (status, body["error"]["code"]) == (429, "quota")
    assert int(headers["Retry-After"]) > 0


@pytest.mark.parametrize("tenant", ["rich", "other"])
async def test_nobody_reaches_anothers_answer_by_its_id(dial, token, tenant):
    """Of the same tenant or another; ids are each client's own choice."""
    # A minute's quota is each user's own.
    async with (
        dial(token(f"ida for {tenant}")) as theirs,
        dial(token(f"eve of {tenant}", tenant=tenant)) as mine,
    ):
        assert isinstance(await ask(theirs, "guessable"), Finished)
        await mine.send(wire.encode(Resume(id="guessable")))
        assert (await terminal(mine)).code == "unknown_request"
        assert isinstance(await ask(mine, "guessable"), Finished)  # nor is the id taken


async def test_a_tenant_sees_its_own_sources_alone(server, dial, token):
    """Over HTTP and websocket; a token is of one tenant, and no header makes it another's."""
    rita, paul = token("rita"), token("paul", tenant="poor")
    _, rich, _ = post(server, rita)
    _, poor, _ = post(server, paul, **{"X-Tenant": "rich"})
    assert rich["citations"]
    assert poor["citations"] == []
    for known, sees in ((rita, True), (paul, False)):
        async with dial(known) as socket:
            await socket.send(wire.encode(Ask(id="1", question="what is rfft?")))
            while not isinstance(frame := wire.decode_server(await socket.recv()), Citations):
                pass
            assert bool(frame.citations) is sees


def test_tls_with_the_companys_own_authority(start_backend, run_glossator, config, tmp_path, token):
    """The command line trusts what it is told to, and nothing else."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    secure = tmp_path / "glossator.toml"
    tls = f'[server]\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n'
    secure.write_text(tls + config.read_text())
    server = start_backend("--data", str(tmp_path / "data"), "--config", str(secure))
    assert server.url.startswith("https://")
    context = ssl.create_default_context(cafile=certificate)
    with urllib.request.urlopen(f"{server.url}/healthz", context=context, timeout=60) as answer:
        assert answer.status == 200
    question = ("ask", "what is rfft?", "--url", server.url, "--token", token("tess"))
    asked = run_glossator(*question, "--ca", str(certificate))
    assert asked.returncode == 0, asked.stderr
    refused = run_glossator(*question)
    assert refused.returncode == 1
    assert "certificate" in refused.stderr
