"""Metrics of a waiting room."""

from collections.abc import Callable, Iterable

from backend.admission.room import Room
from backend.metrics import Metrics
from backend.protocol.wire import Kind


def watch(room: Room, kinds: Iterable[Kind], metrics: Metrics) -> None:
    metrics.watch("requests_running", "Requests admitted.", lambda: room.running.requests)
    metrics.watch("requests_waiting", "Requests waiting.", lambda: room.waiting.requests)
    metrics.watch("tokens_running", "Cost of the requests admitted.", lambda: room.running.tokens)
    metrics.watch("places", "Requests that may run at once.", lambda: room.limits.requests)
    metrics.watch(
        "drain_tokens_per_second",
        "Tokens that the engine works through while requests wait; 0 until it is known.",
        lambda: room.tokens_per_s or 0.0,
    )

    def tokens(kind: Kind) -> Callable[[], float]:
        return lambda: room.waiting_of(kind).tokens

    def wait(kind: Kind) -> Callable[[], float]:
        return lambda: room.wait_s(kind, "", 0.0) or 0.0

    metrics.watch_each(
        "tokens_waiting",
        "Cost of the requests that wait.",
        "kind",
        {kind: tokens(kind) for kind in kinds},
    )
    metrics.watch_each(
        "predicted_wait_seconds",
        "Wait of a user who asks now and has asked nothing else.",
        "kind",
        {kind: wait(kind) for kind in kinds},
    )
