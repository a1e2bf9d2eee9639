"""Who may ask, and how much."""

from typing import Annotated

from msgspec import Struct

from backend.settings.kinds import Days, Size, doc


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may ask. Without `tokens` and `jwks`, anybody who reaches the port may."""

    tokens: Annotated[
        str, doc("File of API tokens, which `glossator token` writes; it holds only their hashes.")
    ] = ""
    token_days: Annotated[
        Days,
        doc("Days until a new API token expires, unless its `--days` says otherwise; 0: never."),
    ] = 90.0
    jwks: Annotated[
        str,
        doc("Keys that sign the company's JWTs: a file, or the `jwks_uri` of the OIDC provider."),
    ] = ""
    issuer: Annotated[str, doc("`iss` that a JWT must have; required with `jwks`.")] = ""
    audience: Annotated[str, doc("`aud` that a JWT must have; required with `jwks`.")] = ""
    user_claim: Annotated[str, doc("Claim of a JWT that names the user.")] = "sub"
    tenant_claim: Annotated[
        str, doc("Claim that names the tenant; empty if there is one only.")
    ] = ""
    algorithms: Annotated[
        tuple[str, ...], doc("Accepted signature algorithms; never `none`, never a shared secret.")
    ] = ("RS256", "ES256", "EdDSA")
    origins: Annotated[
        tuple[str, ...],
        doc(
            "Web pages whose scripts may open a websocket, such as https://docs.example.com. "
            "The server's own page always may. Editors send no origin and need no entry."
        ),
    ] = ()


class Quotas(Struct, frozen=True, forbid_unknown_fields=True):
    """What one user may ask for. Each gateway counts by itself. 0 means no limit."""

    requests_per_minute: Annotated[
        Size, doc("Questions, look-ups and completions; this many may come at once.")
    ] = 0
    tokens_per_day: Annotated[
        Size,
        doc(
            "Generated tokens, plus prompt tokens that were not in the prefix cache, in 24 hours. "
            "Answers that were cancelled, failed or came too late count too."
        ),
    ] = 0
