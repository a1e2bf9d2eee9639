"""Decides whether a token may be sent to an address: never unencrypted over a network.

The websocket client and the load test share this rule.
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
    """Why the token must not be sent to this address, and what to do; empty when it may be sent.

    A login inside the address counts as a token.
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
