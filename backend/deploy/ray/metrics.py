"""Copies the metrics of a replica into Ray's metrics.

`/metrics` behind Serve's proxy answers for any one of the gateways. Ray's agent on each node
exposes what every worker counts, so each replica has its own series there. Metrics are copied now
and then. No histogram is copied as one, because the agent processes every single observation.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample
from ray.util.metrics import Counter, Gauge

EVERY_S = 5.0
_ENGINE = "glossator_engine_"  # of any one replica; each engine has its own series anyway

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Mirror:
    """Copies the present figures of a registry; each series gets ``tags`` too.

    The buckets, sums and counts of a histogram become counters, because Ray's histograms take
    single observations only. Ray calls a counter ``x`` ``ray_x_total``, so they arrive as
    ``ray_glossator_ttft_seconds_bucket_total``. Ray takes no colons, so ``vllm:x`` arrives as
    ``ray_vllm_x``. ``deploy/prometheus/prometheus.yml`` renames them.
    """

    def __init__(
        self, registry: CollectorRegistry, tags: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._registry = registry
        self._tags = tags
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}
        self._told: dict[
            _Key, float
        ] = {}  # what was told of each counter, because Ray takes increments

    async def run(self) -> None:
        """Copies now and then, until cancelled."""
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
