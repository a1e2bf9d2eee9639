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
    """Of ours; what is asked of vLLM and Ray, tests/e2e/test_scrape.py compares with theirs."""
    names = re.findall(r"\bglossator_\w+", expression)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


@pytest.mark.parametrize("name", ["slo", "capacity", "engine", "rails", "retrieval"])
def test_a_dashboard_is_what_its_code_makes(name):
    made = build().dashboard(name)
    assert (GRAFANA / "dashboards" / f"{name}.json").read_text() == made
    panels = json.loads(made)["panels"]
    assert panels
    for panel in panels:
        for target in panel["targets"]:
            assert asked_for(target["expr"]) or re.search(r"\b(vllm:|ray_serve_)", target["expr"])
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


def test_with_and_without_the_operator_figures_get_the_same_names():
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (ray,) = (job for job in config["scrape_configs"] if job["job_name"] == "ray")
    manifest = ROOT / "deploy" / "kubernetes" / "base" / "monitoring.yaml"
    (endpoint,) = yaml.safe_load(manifest.read_text())["spec"]["podMetricsEndpoints"]
    camel = {"source_labels": "sourceLabels", "target_label": "targetLabel"}
    renamed = [
        {camel.get(key, key): value for key, value in rule.items()}
        for rule in ray["metric_relabel_configs"]
    ]
    assert endpoint["metricRelabelings"] == renamed


def test_the_alert_on_rails_is_silent_about_one_that_has_never_worked():
    """Toxicity without its weights would fire for ever; the start and the doctor tell of it."""
    (rule,) = (rule for rule in RULES["rules"] if rule.get("alert") == "RailsDoNotWork")
    fails, worked = rule["expr"].split(" and on (rail) ")
    assert 'action=~"failed|late"' in fails
    assert 'action!~"failed|late"' in worked
