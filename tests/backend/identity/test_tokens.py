"""API tokens: whoever holds one is known, and nobody else is."""

import json
import stat

import pytest

from backend.errors import StartupFailed, Unauthorized
from backend.identity.caller import Caller, FirstThatKnows
from backend.identity.tokens import ApiTokens, TokenFile


def headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys" / "tokens.json"


async def test_a_token_names_its_user_and_tenant(file):
    token = TokenFile(file).create("ada", "acme")
    assert await ApiTokens(file).of(headers(token)) == Caller("acme", "ada")


async def test_only_hashes_are_kept_and_only_the_owner_may_read_them(file):
    token = TokenFile(file).create("ada")
    assert token not in file.read_text()
    assert token.rsplit("_", 1)[1] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_server_sees_new_and_withdrawn_tokens_at_once(file):
    tokens = ApiTokens(file)
    token = TokenFile(file).create("ada")
    assert await tokens.of(headers(token))
    assert TokenFile(file).revoke(TokenFile(file).all()[0].id)
    with pytest.raises(Unauthorized, match="not known"):
        await tokens.of(headers(token))
    assert not TokenFile(file).revoke("nobody")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "gls_00000000_x"]
)
async def test_almost_a_token_is_none(file, change):
    token = TokenFile(file).create("ada")
    with pytest.raises(Unauthorized):
        await ApiTokens(file).of(headers(change(token)))


async def test_an_expired_token_says_so(file):
    token = TokenFile(file).create("ada", days=-1)
    with pytest.raises(Unauthorized, match="expired"):
        await ApiTokens(file).of(headers(token))


async def test_who_has_no_token_is_told_how_to_get_one(file):
    for sent in ({}, {"authorization": "Basic YTpi"}, headers("sk-other")):
        with pytest.raises(Unauthorized, match="glossator token create"):
            await FirstThatKnows([ApiTokens(file)]).of(sent)


def test_a_damaged_file_is_an_error_and_not_an_empty_one(file):
    TokenFile(file).create("ada")
    file.write_text(json.dumps([{"id": 1}]))
    with pytest.raises(StartupFailed, match="token file"):
        TokenFile(file).create("bob")
    assert "bob" not in file.read_text()
