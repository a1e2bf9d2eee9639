"""Dashboards and alerts: as their code makes them, and only about figures that exist."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())["groups"][0]


def build():
    spec = importlib.util.spec_from_file_location("build_dashboards", GRAFANA / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented() -> set[str]:
    """docs/metrics.md, which another test holds to the code."""
    return set(re.findall(r"`(glossator_\w+)`", (ROOT / "docs" / "metrics.md").read_text()))


def asked_for(expression: str) -> set[str]:
    names = re.findall(r"\bglossator_\w+", expression)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


@pytest.mark.parametrize("name", ["slo", "capacity", "rails", "retrieval"])
def test_a_dashboard_is_what_its_code_makes(name):
    made = build().dashboard(name)
    assert (GRAFANA / "dashboards" / f"{name}.json").read_text() == made
    panels = json.loads(made)["panels"]
    assert panels
    for panel in panels:
        for target in panel["targets"]:
            assert asked_for(target["expr"])
            assert asked_for(target["expr"]) <= documented()


def test_alerts_are_about_figures_that_exist_and_name_a_page_that_helps():
    recorded = {rule["record"] for rule in RULES["rules"] if "record" in rule}
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for rule in RULES["rules"]:
        used = set(re.findall(r"\bglossator:[\w:]+", rule["expr"]))
        assert used <= recorded
        assert used or asked_for(rule["expr"])
        assert asked_for(rule["expr"]) <= documented()
        if "alert" in rule:
            page, _, anchor = rule["annotations"]["runbook"].partition("#")
            assert page == "docs/runbook.md"
            assert anchor in anchors


def test_the_scrape_configuration_reads_ours_and_rays():
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    assert [job["job_name"] for job in config["scrape_configs"]] == ["glossator", "ray"]
