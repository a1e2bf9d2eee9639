"""Who may ask, and how much."""

from typing import Annotated

from msgspec import Struct

from backend.settings.kinds import Size, doc


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may ask. With neither `tokens` nor `jwks` anybody who reaches the port may."""

    tokens: Annotated[
        str, doc("File of API tokens, kept by `glossator token`; only their hashes are in it.")
    ] = ""
    jwks: Annotated[
        str,
        doc("Keys that sign the company's JWTs: a file, or the `jwks_uri` of the OIDC provider."),
    ] = ""
    issuer: Annotated[str, doc("`iss` that a JWT must have; required with `jwks`.")] = ""
    audience: Annotated[str, doc("`aud` that a JWT must have; required with `jwks`.")] = ""
    user_claim: Annotated[str, doc("Claim of a JWT that names the user.")] = "sub"
    tenant_claim: Annotated[str, doc("Claim that names the tenant; empty: there is only one.")] = ""
    algorithms: Annotated[
        tuple[str, ...], doc("Signatures that are accepted; never `none`, never a shared secret.")
    ] = ("RS256", "ES256", "EdDSA")
    origins: Annotated[
        tuple[str, ...],
        doc(
            "Web pages whose scripts may open a websocket, such as https://docs.example.com, "
            "besides the server's own. Editors send no origin and need no entry."
        ),
    ] = ()


class Quotas(Struct, frozen=True, forbid_unknown_fields=True):
    """What one user may ask for; counted by each gateway for itself. 0: no limit."""

    requests_per_minute: Annotated[
        Size, doc("Questions, look-ups and completions; as many may come at once.")
    ] = 0
    tokens_per_day: Annotated[
        Size,
        doc(
            "Prompt tokens not in the prefix cache, plus generated ones, in 24 hours; also those "
            "of answers that were cancelled, failed or came too late."
        ),
    ] = 0
