"""JWTs of an OIDC provider: real keys, real signatures."""

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from backend.errors import StartupFailed, Unauthorized
from backend.identity.caller import Caller
from backend.identity.jwt import SignedTokens
from backend.settings import Auth

CLAIMS = {"iss": "https://id.example", "aud": "glossator", "sub": "ada", "org": "acme"}


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def jwks(key, tmp_path_factory):
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps({"keys": [public | {"kid": "k1", "alg": "RS256"}]}))
    return str(path)


@pytest.fixture
def known(jwks):
    return SignedTokens(
        Auth(jwks=jwks, issuer=CLAIMS["iss"], audience="glossator", tenant_claim="org")
    )


def signed(key, kid="k1", algorithm="RS256", **claims):
    claims = CLAIMS | {"exp": time.time() + 60} | claims
    claims = {name: value for name, value in claims.items() if value is not None}
    token = jwt.encode(claims, key, algorithm, headers={"kid": kid})
    return {"authorization": f"Bearer {token}"}


async def test_a_valid_token_names_user_and_tenant(known, key):
    assert await known.of(signed(key)) == Caller("acme", "ada")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "not valid"),
        ({"iss": "https://evil.example"}, "not valid"),
        ({"aud": "another"}, "not valid"),
        ({"sub": None}, "who it is for"),
        ({"sub": ["ada"]}, "not valid|who it is for"),
        ({"org": None}, "tenant"),
    ],
)
async def test_every_claim_that_matters_is_checked(known, key, claims, reason):
    with pytest.raises(Unauthorized, match=reason):
        await known.of(signed(key, **claims))


async def test_another_key_or_algorithm_is_refused(known, key):
    other = rsa.generate_private_key(65537, 2048)
    with pytest.raises(Unauthorized):
        await known.of(signed(other))
    with pytest.raises(Unauthorized, match="not known"):
        await known.of(signed(key, kid="k2"))
    with pytest.raises(Unauthorized):
        await known.of(signed(ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"))


async def test_no_signature_and_a_shared_secret_are_refused(known):
    """The two classic confusions of algorithms (RFC 8725, sections 2.1 and 3.1)."""
    for secret, algorithm in ((None, "none"), ("x" * 32, "HS256")):
        with pytest.raises(Unauthorized):
            await known.of(signed(secret, algorithm=algorithm))


async def test_what_is_no_jwt_is_left_to_others(known):
    assert await known.of({"authorization": "Bearer gls_1_2"}) is None
    assert await known.of({}) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"issuer": ""}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"algorithms": ("HS256",)}, "shared secrets"),
        ({"algorithms": ("none",)}, "none"),
        ({"jwks": "http://id.example/keys"}, "https"),
        ({"jwks": "/no/such/file"}, "No such file"),
    ],
)
def test_settings_that_would_let_in_anybody_do_not_start(jwks, changes, message):
    settings = {"jwks": jwks, "issuer": "i", "audience": "a"} | changes
    with pytest.raises(StartupFailed, match=message):
        SignedTokens(Auth(**settings))
