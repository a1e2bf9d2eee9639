"""vLLM's own Prometheus metrics (``vllm:…``), which it keeps in the process's global registry.

The same is used on Ray. vLLM's logger for Ray, ``RayPrometheusStatLogger``, hands every token to
Ray's metrics, and Ray's agent processes each one again (docs/performance/ray-cpu.md).
"""

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class EngineFigures(Collector):
    """The metrics of the engine in this process, for one of our registries."""

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            if family.name.startswith("vllm:"):
                yield family

    def describe(self) -> list[Metric]:
        """Nothing, because the names are not known before the engine counts."""
        return []
