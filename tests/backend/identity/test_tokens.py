"""API tokens: whoever holds one is known, and nobody else is."""

import json
import stat
from datetime import UTC, datetime, timedelta

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


async def test_rotation_leaves_the_old_token_a_day_and_other_users_theirs(file):
    tokens, known = TokenFile(file), ApiTokens(file)
    old, short = tokens.create("ada", "acme"), tokens.create("ada", "acme", days=0.5)
    others = [tokens.create("bob", "acme"), tokens.create("ada", "other")]
    untouched = tokens.all()[1:]
    new = tokens.rotate("ada", "acme", 90, timedelta(days=1))
    for token in (old, short, new, *others):
        assert await known.of(headers(token))
    first, *rest, _ = tokens.all()
    assert rest == untouched
    left = datetime.fromisoformat(first.expires) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(days=1)


async def test_a_rotated_token_may_be_used_on_an_open_websocket_until_it_ends(file):
    tokens = TokenFile(file)
    caller = await ApiTokens(file).of(headers(tokens.create("ada")))
    tokens.rotate("ada", "", 90, timedelta(days=1))
    await caller.check()
    tokens.rotate("ada", "", 90, timedelta(0))
    with pytest.raises(Unauthorized, match="not known"):
        await caller.check()


async def test_rotation_at_once_ends_the_old_ones(file):
    tokens = TokenFile(file)
    old = tokens.create("ada")
    new = tokens.rotate("ada", "", None, timedelta(0))
    assert await ApiTokens(file).of(headers(new))
    assert [token.expires for token in tokens.all()] == [""]
    with pytest.raises(Unauthorized):
        await ApiTokens(file).of(headers(old))


def test_rotation_for_a_user_without_a_valid_token_is_refused_and_changes_nothing(file):
    TokenFile(file).create("ada", days=-1)
    before = file.read_text()
    for user, tenant in (("ada", ""), ("bob", ""), ("ada", "acme")):
        with pytest.raises(StartupFailed, match="glossator token create"):
            TokenFile(file).rotate(user, tenant, 90, timedelta(days=1))
    assert file.read_text() == before


@pytest.mark.parametrize("end", ["soon", "2026-13-01", "2026-12-01T00:00:00"])
def test_an_end_that_is_no_time_is_told_when_the_file_is_read(tmp_path, end):
    """Not when somebody signs in, who could do nothing about it."""
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps([{"id": "a", "sha256": "b", "user": "ada", "expires": end}]))
    with pytest.raises(StartupFailed, match="token file"):
        TokenFile(file).all()
