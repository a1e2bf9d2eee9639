"""`glossator doctor`: runs the checks, and prints a line for each as soon as it is known."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import click
import msgspec

from backend.deploy.checks.examine import examine
from backend.deploy.checks.finding import Finding, ok, wrong
from backend.errors import StartupFailed
from backend.settings import Settings, load
from glossator.operate import running
from indexer.screening.terminal import escaped, printable

_COLORS = {"ok": "green", "warning": "yellow", "wrong": "red", "unchecked": None}


def doctor(config: Path | None, data: Path, url: str, token: str, as_json: bool) -> int:
    """Returns the exit code: 1 when something is wrong, else 0."""
    return asyncio.run(_run(config, data, url, token, as_json))


async def _run(config: Path | None, data: Path, url: str, token: str, as_json: bool) -> int:
    found = []
    async for finding in _findings(config, data, url, token):
        found.append(finding)
        if not as_json:
            _print(finding)
    counts = {state: sum(each.state == state for each in found) for state in _COLORS}
    if as_json:
        text = msgspec.json.encode({"findings": found, "counts": counts}).decode()
        click.echo(escaped(text))
    else:
        many, few = counts["wrong"], counts["warning"]
        click.echo(f"{many} wrong, {few} warning{'' if few == 1 else 's'}.")
    return int(counts["wrong"] > 0)


async def _findings(
    config: Path | None, data: Path, url: str, token: str
) -> AsyncIterator[Finding]:
    of_backend = await running.running(url, token) if url else []
    serving = bool(of_backend) and of_backend[0].state == "ok"
    try:
        settings = load(config)
    except StartupFailed as error:
        # The rest is checked as if nothing had been set.
        settings = Settings()
        yield wrong("settings", error.message, "Correct them. The defaults are checked below.")
    else:
        yield ok("settings", f"{config} can be read." if config else "No file: the defaults.")
    authority = os.environ.get("SSL_CERT_FILE", "")
    dates = [running.health(url)] if url else []
    async for finding in examine(settings, data, authority=authority, dates=dates, serving=serving):
        yield finding
    for finding in of_backend:
        yield finding


def _print(finding: Finding) -> None:
    state = click.style(f"{finding.state:9}", fg=_COLORS[finding.state])
    said = " ".join(printable(finding.said).split("\n"))
    click.echo(f"{state}  {finding.check:17}  {said}")
    if finding.todo:
        click.echo(f"{'':9}  {'':17}  → {printable(finding.todo)}")
