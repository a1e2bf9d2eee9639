"""Checks of the port and the certificate, which clients meet first."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from backend.deploy.addresses import listening
from backend.deploy.checks.finding import Finding, of_message, ok, warning, wrong
from backend.errors import StartupFailed
from backend.settings import Server

_SOON_DAYS = 30
_CERTIFICATE = "[server] tls_certificate and tls_key"


def port(server: Server, *, serving: bool = False) -> Finding:
    """Listens for a moment. ``serving`` says that a backend is known to run."""
    address = f"{server.host}:{server.port}"
    try:
        with listening(server):
            return ok("port", f"{address} is free.")
    except StartupFailed as error:
        if serving and "in use" in error.message:
            return ok("port", f"{address} is in use, as a running backend has it.")
        return of_message("port", error.message, "Correct [server] host and port.")


def tls(server: Server) -> ssl.SSLContext | None:
    """The TLS context of the backend; None without TLS. Raises ``StartupFailed``."""
    if not server.tls_certificate:
        if server.tls_key:
            raise StartupFailed("[server] tls_key needs tls_certificate beside it.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = Path(server.tls_certificate)
    key = Path(server.tls_key or server.tls_certificate)
    for file in (chain, key):
        try:
            file.read_bytes()
        except OSError as error:
            raise StartupFailed(
                f"The certificate cannot be used: {file} cannot be read ({error.strerror}). "
                f"Correct {_CERTIFICATE}."
            ) from error
    try:
        context.load_cert_chain(chain, key, password=_none)
    except (ssl.SSLError, OSError) as error:
        what = getattr(error, "reason", None) or "no PEM file"
        foreign = what == "KEY_VALUES_MISMATCH"
        why = f"{key} is not the key of {chain}" if foreign else f"{chain} or {key}: {what}"
        raise StartupFailed(
            f"The certificate cannot be used: {why}. Correct {_CERTIFICATE}."
        ) from error
    return context


def _none() -> str:
    """Instead of asking at the terminal for the password of a key."""
    return ""


def certificate(server: Server, *, authority: str = "") -> Finding:
    """Shakes hands with the certificate in memory, as a client of this machine would.

    ``authority`` is the file of authorities that somebody has chosen; empty for the system's.
    """
    try:
        shown = tls(server)
    except StartupFailed as error:
        return of_message("certificate", error.message, f"Correct {_CERTIFICATE}.")
    if shown is None:
        return ok("certificate", "The backend has no TLS of its own.")
    names = [name.replace("*", "any") for name in server.hosts if name != "*"]
    for name in names or [""]:
        if finding := _refused(shown, name, authority):
            return finding
    ends = _ends(Path(server.tls_certificate))
    days = (ends - datetime.now(UTC)).days
    named = f"It is for {', '.join(names)}, and" if names else "It is"
    said = f"{named} valid until {ends:%Y-%m-%d}."
    if days < _SOON_DAYS:
        return warning("certificate", f"{said} These are {days} days.",
                       "Renew it, and start the backend again.")  # fmt: skip
    return ok("certificate", said)


def _refused(shown: ssl.SSLContext, name: str, authority: str) -> Finding | None:
    try:
        _shake_hands(shown, ssl.create_default_context(), name)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message.rstrip(".")
        if "expired" in why or "not yet valid" in why:
            return wrong("certificate", f"It is refused: {why}.",
                         "Renew it, or set the clock of this machine right.")  # fmt: skip
        if "match" in why:
            return wrong(
                "certificate",
                f"It is not for {name}: {why}.",
                f"Have one issued for {name}, or correct [server] hosts.",
            )
        if authority:
            return wrong(
                "certificate",
                f"{authority} did not sign it: {why}.",
                "Give the authority that signed it with --ca, and to all clients.",
            )
        return warning(
            "certificate",
            f"This machine does not trust it: {why}.",
            "Give its authority to this command, and to clients: --ca FILE.",
        )
    except ssl.SSLError as error:
        return wrong(
            "certificate", f"It cannot be used: {error.reason}.", f"Correct {_CERTIFICATE}."
        )
    return None


def _shake_hands(shown: ssl.SSLContext, trusting: ssl.SSLContext, name: str) -> None:
    """Raises ``ssl.SSLError`` where a client would not connect. An empty name is not compared."""
    trusting.check_hostname = bool(name)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name or None)
    server = shown.wrap_bio(to_server, to_client, server_side=True)
    waiting = {client, server}
    for _ in range(10):  # a handshake takes four turns
        for side in tuple(waiting):
            try:
                side.do_handshake()
                waiting.discard(side)
            except ssl.SSLWantReadError:
                continue
        if not waiting:
            return
    raise ssl.SSLError(1, "the handshake did not end")


def _ends(chain: Path) -> datetime:
    from cryptography import x509

    return x509.load_pem_x509_certificates(chain.read_bytes())[0].not_valid_after_utc
