"""The clock: tokens and certificates end at times, so a wrong one refuses people or lets them in.

It is compared with the `Date` of servers that answer anyway, else with what the system says.
"""

import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from backend.deploy.checks.finding import Finding, ok, unchecked, warning, wrong

LEEWAY_S = 30.0  # as for JWTs; a server's `Date` has whole seconds
_ASK_S = 5.0
_TODO = "Set the clock, and keep it right with NTP (such as `timedatectl set-ntp true`)."


def clock(
    addresses: Sequence[str], *, signed: bool, now: Callable[[], float] = time.time
) -> Finding:
    """``addresses`` are asked in turn. ``signed`` says that JWTs are checked by this clock."""
    for address in addresses:
        before = now()
        told = date_of(address)
        if told is not None:
            # The server wrote the date between the two readings, to a whole second.
            offset = (before + now()) / 2 - (told.timestamp() + 0.5)
            return judged(offset, address, signed=signed)
    kept = _kept_by_system()
    if kept:
        return ok("clock", "The system keeps it right by NTP.")
    if kept is False:
        return warning("clock", "The system does not keep it right by NTP.", _TODO)
    return unchecked("clock", "No server that answers here tells the time, and neither does NTP.")


def judged(offset_s: float, address: str, *, signed: bool) -> Finding:
    if abs(offset_s) <= LEEWAY_S:
        return ok("clock", f"It agrees with {address}.")
    way = "ahead of" if offset_s > 0 else "behind"
    said = f"It is {_long(abs(offset_s))} {way} {address}."
    # A login that is signed now is refused, or is accepted after its end.
    return wrong("clock", said, _TODO) if signed else warning("clock", said, _TODO)


def _long(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} seconds"


def date_of(address: str) -> datetime | None:
    """The time that a server tells, whatever its answer is; None if it tells none."""
    try:
        # Whether it is trusted is another check.
        own = ssl._create_unverified_context()
        with (
            httpx.Client(verify=own, timeout=_ASK_S) as client,
            client.stream("GET", address) as said,
        ):
            return parsedate_to_datetime(said.headers["date"])
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError):
        return None


def _kept_by_system() -> bool | None:
    """Whether NTP keeps the clock right; None where nobody knows."""
    if not shutil.which("timedatectl"):
        return None
    asked = ["timedatectl", "show", "--property", "NTPSynchronized", "--value"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=_ASK_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(told.stdout.strip())
