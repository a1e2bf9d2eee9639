"""What of a registry is handed to Ray's metrics, told by what Ray is told."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from backend.deploy.ray import metrics as ray_metrics
from backend.deploy.ray.metrics import Mirror


@pytest.fixture
def told(monkeypatch):
    """What was added to each counter, and each gauge's value, by name and labels."""
    values = {}

    class Counts:
        def __init__(self, name, documentation, keys):
            self.name, self.keys = name, keys

        def inc(self, added, tags):
            assert tuple(tags) == self.keys
            key = (self.name, *tags.values())
            values[key] = values.get(key, 0.0) + added

        def set(self, value, tags):
            values[(self.name, *tags.values())] = value

    monkeypatch.setattr(ray_metrics, "Counter", Counts)
    monkeypatch.setattr(ray_metrics, "Gauge", Counts)
    return values


def test_copying_again_and_again_tells_what_was_counted_once(told):
    registry = CollectorRegistry()
    requests = Counter("glossator_requests", "…", ["kind"], registry=registry)
    sessions = Gauge("glossator_sessions", "…", registry=registry)
    ttft = Histogram("glossator_ttft_seconds", "…", buckets=(0.1, 1), registry=registry)
    mirror = Mirror(registry)
    for open_now in (3, 2):
        requests.labels("chat").inc()
        sessions.set(open_now)
        ttft.observe(0.5)
        mirror.copy()
        mirror.copy()
    assert told == {
        ("glossator_requests", "chat"): 2,
        ("glossator_sessions",): 2,
        ("glossator_ttft_seconds_bucket", "1.0"): 2,
        ("glossator_ttft_seconds_bucket", "+Inf"): 2,
        ("glossator_ttft_seconds_count",): 2,
        ("glossator_ttft_seconds_sum",): 1.0,
    }


def test_vllms_figures_get_names_that_ray_takes_and_say_whose_they_are(told):
    registry = CollectorRegistry()
    Gauge("vllm:kv_cache_usage_perc", "…", ["engine"], registry=registry).labels("0").set(0.5)
    Counter("vllm:generation_tokens", "…", ["engine"], registry=registry).labels("0").inc(7)
    Mirror(registry, {"ReplicaId": "r1"}).copy()
    assert told == {
        ("vllm_kv_cache_usage_perc", "0", "r1"): 0.5,
        ("vllm_generation_tokens", "0", "r1"): 7,
    }


def test_the_engines_figures_are_left_to_the_engines(told):
    registry = CollectorRegistry()
    Gauge("glossator_engine_kv_use_ratio", "…", registry=registry).set(0.5)
    Mirror(registry).copy()
    assert told == {}
