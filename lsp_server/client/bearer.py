"""Whether a token may be sent to an address: not in the clear over a network.

Not about what others wrote, but about where others listen; the client and the load test share it.
"""

import ipaddress
import os
from urllib.parse import urlsplit

INSECURE = "GLOSSATOR_INSECURE_TOKEN"
_CLEAR = ("http", "ws")


def is_loopback(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def refusal(url: str, token: str) -> str:
    """Why the token is not sent to a whole address, with what to do; empty where it may be.

    A login in the address itself counts as one.
    """
    parts = urlsplit(url)
    if not (token or parts.username or parts.password):
        return ""
    if parts.scheme not in _CLEAR or is_loopback(url) or os.environ.get(INSECURE) == "1":
        return ""
    return (
        f"The token is not sent to {parts.hostname}: {parts.scheme}:// is not encrypted, and "
        "whoever is on the way could read and use it. Give the backend's https:// or wss:// "
        "address (docs/security.md, TLS). On a network that is yours alone, --insecure-token or "
        f"{INSECURE}=1 sends it all the same."
    )
