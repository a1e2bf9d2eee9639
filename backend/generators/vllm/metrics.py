"""vLLM's own Prometheus figures (``vllm:…``), which it counts into the process's global registry.

On Ray too: its own way there, ``RayPrometheusStatLogger``, hands Ray's metrics every token, and
Ray's agent takes each apart again (docs/performance.md).
"""

from collections.abc import Iterator

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
