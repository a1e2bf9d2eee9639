"""Prometheus metrics of one gateway process, in their own registry.

``docs/metrics.md`` lists them, and a test compares the page with this file.
"""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from backend.ports import Load, Work
from backend.protocol.wire import AnswerFrame, Finished, Kind, outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 120)


class Metrics:
    """Counts what the users of this gateway have seen."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "glossator_requests",
            "Requests ended, by kind and how they ended.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._ttft = Histogram(
            "glossator_ttft_seconds",
            "Arrival of the question to its first delta.",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._e2e = Histogram(
            "glossator_e2e_seconds",
            "Arrival of the question to its terminal frame.",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._retrieval = Histogram(
            "glossator_retrieval_seconds",
            "Embedding and search of one question.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._rails = Histogram(
            "glossator_rails_seconds",
            "Arrival of a question at its rails to the last of their verdicts.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._rail = Histogram(
            "glossator_rail_seconds",
            "One rail's check of one question.",
            ["rail"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._verdicts = Counter(
            "glossator_rail_verdicts",
            "Checks by what followed: allow, warn, redact, block, failed, late.",
            ["rail", "action"],
            registry=self.registry,
        )
        self._prompt_tokens = Counter(
            "glossator_prompt_tokens",
            "Prompt tokens, as the engine counted them.",
            registry=self.registry,
        )
        self._cached_tokens = Counter(
            "glossator_cached_tokens",
            "Prompt tokens found in the prefix cache.",
            registry=self.registry,
        )
        self._completion_tokens = Counter(
            "glossator_completion_tokens", "Tokens generated.", registry=self.registry
        )
        self._turned_away = Counter(
            "glossator_turned_away",
            "Requests that admission shed, dropped or preempted, by why.",
            ["kind", "reason"],
            registry=self.registry,
        )
        self._logins_refused = Counter(
            "glossator_logins_refused",
            "Websockets and HTTP requests of callers who may not ask, by why.",
            ["reason"],
            registry=self.registry,
        )
        self._failovers = Counter(
            "glossator_failovers",
            "Streams of a generator replica that broke off and were opened anew on another.",
            registry=self.registry,
        )
        self._queue = Histogram(
            "glossator_queue_seconds",
            "Arrival of the question to its admission.",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._engine = Gauge(
            "glossator_engine_requests",
            "Requests in the engine, by state.",
            ["state"],
            registry=self.registry,
        )
        self._kv_use = Gauge(
            "glossator_engine_kv_use_ratio",
            "Share of the engine's KV cache in use.",
            registry=self.registry,
        )

    def verdict(self, rail: str, action: str, seconds: float) -> None:
        """Counts one check of one rail."""
        self._verdicts.labels(rail, action).inc()
        self._rail.labels(rail).observe(seconds)

    def engine(self, load: Load) -> None:
        """Takes over the engine's own figures."""
        self._engine.labels("running").set(load.running)
        self._engine.labels("waiting").set(load.waiting)
        self._kv_use.set(load.kv_use)

    def turned_away(self, kind: Work, reason: str) -> None:
        """Counts one request that admission shed, dropped or preempted."""
        self._turned_away.labels(kind, reason).inc()

    def login_refused(self, reason: str) -> None:
        """Counts one websocket or HTTP request of a caller who may not ask."""
        self._logins_refused.labels(reason).inc()

    def failover(self) -> None:
        """Counts one answer that went on with another replica."""
        self._failovers.inc()

    def watch_each(
        self, name: str, meaning: str, label: str, reads: Mapping[str, Callable[[], float]]
    ) -> None:
        """Adds gauges that differ in one label. They are read when they are scraped."""
        gauge = Gauge(f"glossator_{name}", meaning, [label], registry=self.registry)
        for value, read in reads.items():
            gauge.labels(value).set_function(read)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Adds a gauge that is read when it is scraped."""
        Gauge(f"glossator_{name}", meaning, registry=self.registry).set_function(read)

    def ended(self, kind: Kind, last: AnswerFrame, ttft_s: float) -> None:
        """Counts one request by its terminal frame."""
        self._requests.labels(kind, outcome(last)).inc()
        if not isinstance(last, Finished):
            return
        self._e2e.labels(kind).observe(last.timings.total_ms / 1000)
        if ttft_s:
            self._ttft.labels(kind).observe(ttft_s)
        self._queue.labels(kind).observe(last.timings.queue_ms / 1000)
        self._rails.observe(last.timings.rails_ms / 1000)
        self._retrieval.observe(last.timings.retrieval_ms / 1000)
        self._prompt_tokens.inc(last.usage.prompt_tokens)
        self._cached_tokens.inc(last.usage.cached_tokens)
        self._completion_tokens.inc(last.usage.completion_tokens)

    def text(self) -> bytes:
        return generate_latest(self.registry)
