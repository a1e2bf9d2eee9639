"""Scraping as deploy/prometheus/prometheus.yml says, and what the dashboards ask of it."""

import asyncio
import json
import re
import time
import urllib.request
from pathlib import Path

import psutil
import yaml

from backend.protocol.wire import Ask

DEPLOY = Path(__file__).parents[2] / "deploy"
JOBS = {
    job["job_name"]: job
    for job in yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())[
        "scrape_configs"
    ]
}
PATIENCE_S = 60  # Ray's agent hears of a figure after seconds


def target(backend) -> tuple[str, str]:
    """The job, and the address that it would name for this backend."""
    for process in psutil.Process(backend.process.pid).children(recursive=True):
        for argument in process.cmdline():
            if port := re.fullmatch(r"--metrics_export_port=(\d+)", argument):
                return "ray", f"127.0.0.1:{port[1]}"
    return "glossator", backend.url.removeprefix("http://")


def scraped(backend) -> set[str]:
    """The names of all series, as Prometheus would keep them."""
    name, address = target(backend)
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as response:
        text = response.read().decode()
    series = set(re.findall(r"^([a-zA-Z_:][\w:]*)[{ ]", text, re.MULTILINE))
    for rule in JOBS[name].get("metric_relabel_configs", ()):
        replacement = rule.get("replacement", "$1").replace("$1", r"\1")
        series = {re.sub(rf"^(?:{rule['regex']})$", replacement, each) for each in series}
    return series


def asked_for(prefix: str) -> set[str]:
    """By the dashboards, of series whose names begin so."""
    return {
        name
        for file in (DEPLOY / "grafana" / "dashboards").glob("*.json")
        for panel in json.loads(file.read_text())["panels"]
        for target in panel["targets"]
        for name in re.findall(rf"\b{prefix}\w+", target["expr"])
    }


async def test_one_scrape_has_our_figures_vllms_and_rays(backend, client):
    await client.ask(Ask(id="scraped", question="which function?", max_tokens=8))
    wanted = asked_for("vllm:") | asked_for("glossator_")
    # Counted once it happens: nobody was shed here, no replica failed, no cache knew the prompt.
    wanted -= {
        "glossator_turned_away_total",
        "glossator_failovers_total",
        "glossator_cached_tokens_total",
    }
    if target(backend)[0] == "ray":
        wanted |= asked_for("ray_serve_")
    deadline = time.monotonic() + PATIENCE_S
    seen = set()  # in any scrape: on Ray, an engine at rest sets no gauges
    while missing := wanted - (seen := seen | await asyncio.to_thread(scraped, backend)):
        assert time.monotonic() < deadline, f"not scraped: {sorted(missing)}"
        await asyncio.sleep(1)
    assert len(wanted) > 20
