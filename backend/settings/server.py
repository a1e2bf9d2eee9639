"""The gateway."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.settings.kinds import Count, Port, Seconds, doc


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """The gateway."""

    host: Annotated[str, doc("Address to listen on; 0.0.0.0 for every interface.")] = "127.0.0.1"
    port: Annotated[Port, doc("Port to listen on; 0 picks a free one.")] = 8765
    hosts: Annotated[
        tuple[str, ...],
        doc(
            "Host names of this server besides localhost and IP addresses: "
            '`["glossator.example.com"]`; `*.example.com` is any subdomain, `*` any name. Other '
            "names are refused, because a web page can point its own name at this machine."
        ),
    ] = ()
    tls_certificate: Annotated[
        str, doc("Certificate chain (PEM) for https and wss; empty: no TLS. Not on Ray Serve.")
    ] = ""
    tls_key: Annotated[str, doc("Private key of that certificate (PEM).")] = ""
    max_frame_bytes: Annotated[Count, doc("Largest accepted websocket message or HTTP body.")] = (
        1_048_576
    )
    request_timeout_s: Annotated[
        Annotated[float, Meta(gt=0)],
        doc("How long a client may take to send a whole HTTP request. Not on Ray Serve."),
    ] = 20.0
    silent_client_s: Annotated[
        Annotated[float, Meta(gt=0)],
        doc(
            "How long a websocket client may not answer a ping, and an HTTP client may not read "
            "its answer, before the connection ends. Pings are as far apart. Not on Ray Serve."
        ),
    ] = 20.0
    max_requests_per_session: Annotated[
        Count, doc("Requests that one websocket may have in flight.")
    ] = 16
    frames_per_second: Annotated[
        Count,
        doc(
            "Messages that are read from one websocket per second, and twice as many at once. "
            "A message of 100,000 characters counts as ten more. A client that sends more waits."
        ),
    ] = 1000
    resume_window_s: Annotated[
        Seconds, doc("How long an answer goes on and can be resumed after its websocket dropped.")
    ] = 10.0
    tenant_header: Annotated[
        str,
        doc(
            "Header in which a trusted proxy names the tenant; empty if there is one only. "
            "Clients must not be able to set it themselves."
        ),
    ] = ""
    user_header: Annotated[
        str,
        doc(
            "Header in which a trusted proxy names the user, for fairness between users. Empty: "
            "each websocket counts as a user, and over HTTP each `user` field of each API key."
        ),
    ] = ""
    default_deadline_s: Annotated[
        Annotated[float, Meta(gt=0)], doc("Deadline of a request that has none of its own.")
    ] = 120.0
