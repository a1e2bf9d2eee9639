"""The figures of a replica, handed to Ray's metrics.

`/metrics` behind Serve's proxy answers with those of one gateway or another. Ray's agent on each
node exposes what every worker counts, so there each replica has series of its own. Handed over now
and then, and no histogram as one: of those, the agent takes up every single observation anew.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample
from ray.util.metrics import Counter, Gauge

EVERY_S = 5.0
_ENGINE = "glossator_engine_"  # of whichever replica was asked; each engine has its own series

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Mirror:
    """Copies a registry as it is now into Ray's metrics; each series gets ``tags`` as well.

    A histogram's buckets, sums and counts go as counters, since Ray's histograms take single
    observations only. Ray calls a counter ``x`` ``ray_x_total``, so that they arrive as
    ``ray_glossator_ttft_seconds_bucket_total``, and takes no colons: ``vllm:x`` arrives as
    ``ray_vllm_x``. ``deploy/prometheus/prometheus.yml`` renames them.
    """

    def __init__(
        self, registry: CollectorRegistry, tags: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._registry = registry
        self._tags = tags
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
        name, tags = _name(sample), {**sample.labels, **self._tags}
        if name not in self._gauges:
            self._gauges[name] = Gauge(name, family.documentation, tuple(tags))
        self._gauges[name].set(sample.value, tags=tags)

    def _add(self, family: Family, sample: Sample) -> None:
        name = _name(sample).removesuffix("_total")
        key = name, tuple(sample.labels.items())
        added = sample.value - self._told.get(key, 0.0)
        if added <= 0:
            return
        tags = {**sample.labels, **self._tags}
        if name not in self._counters:
            self._counters[name] = Counter(name, family.documentation, tuple(tags))
        self._counters[name].inc(added, tags=tags)
        self._told[key] = sample.value


def _name(sample: Sample) -> str:
    return sample.name.replace(":", "_")
