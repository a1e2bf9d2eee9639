"""vLLM's own Prometheus figures (``vllm:…``): where they are counted, and how they are scraped.

vLLM counts into the process's global registry; on Ray, into Ray's metrics, which the agent of
each node exposes for all of its workers.
"""

from collections.abc import Iterator
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class EngineFigures(Collector):
    """What the engine of this process counts, for a registry of ours to take in."""

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            if family.name.startswith("vllm:"):
                yield family

    def describe(self) -> list[Metric]:
        """Nothing: the names are not known before the engine counts."""
        return []


def stat_logger(*, on_ray: bool) -> Any:
    """The class that counts. Imports vLLM."""
    if on_ray:
        from vllm.v1.metrics.ray_wrappers import RayPrometheusStatLogger

        return RayPrometheusStatLogger
    from vllm.v1.metrics.loggers import PrometheusStatLogger

    return PrometheusStatLogger
