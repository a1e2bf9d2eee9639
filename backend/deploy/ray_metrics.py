"""The figures of a gateway replica, handed to Ray's metrics.

`/metrics` behind Serve's proxy answers with those of one replica or another. Ray's agent on each
node exposes what every worker counts, so there each replica has series of its own.
"""

import asyncio

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample
from ray.util.metrics import Counter, Gauge

EVERY_S = 5.0
_ENGINE = "glossator_engine_"  # of whichever replica was asked; each engine has its own series

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Mirror:
    """Copies a registry as it is now into Ray's metrics.

    A histogram's buckets, sums and counts go as counters, since Ray's histograms take single
    observations only. Ray calls a counter ``x`` ``ray_x_total``, so that they arrive as
    ``ray_glossator_ttft_seconds_bucket_total``; ``deploy/prometheus/prometheus.yml`` renames them.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}
        self._told: dict[_Key, float] = {}  # of counters: Ray takes what was added

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.copy()
            await asyncio.sleep(EVERY_S)

    def copy(self) -> None:
        for family in self._registry.collect():
            if family.name.startswith(_ENGINE):
                continue
            for sample in family.samples:
                if family.type == "gauge":
                    self._set(family, sample)
                elif not sample.name.endswith("_created"):
                    self._add(family, sample)

    def _set(self, family: Family, sample: Sample) -> None:
        if sample.name not in self._gauges:
            keys = tuple(sample.labels)
            self._gauges[sample.name] = Gauge(sample.name, family.documentation, keys)
        self._gauges[sample.name].set(sample.value, tags=sample.labels)

    def _add(self, family: Family, sample: Sample) -> None:
        name = sample.name.removesuffix("_total")
        key = name, tuple(sample.labels.items())
        added = sample.value - self._told.get(key, 0.0)
        if added <= 0:
            return
        if name not in self._counters:
            keys = tuple(sample.labels)
            self._counters[name] = Counter(name, family.documentation, keys)
        self._counters[name].inc(added, tags=sample.labels)
        self._told[key] = sample.value
