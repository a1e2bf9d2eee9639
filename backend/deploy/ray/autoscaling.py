"""``backend.autoscaling`` on Ray Serve: how the load gets to the controller, which decides.

Once a second, each gateway tells every generator what runs, waits and has arrived. The generators
pass it on to Serve's controller with their own use of the KV cache (``record_autoscaling_stats``).
There ``TokenPressure`` decides. A decision that changes something is one line in the controller's
log, and the figures behind every decision are in Ray's metrics.
"""

import asyncio
import logging
import math
import time
import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ray.serve.config import AutoscalingConfig, AutoscalingPolicy
from ray.serve.handle import DeploymentHandle
from ray.util import metrics

from backend.admission.room import Room
from backend.autoscaling import Decision, Limits, Observed, State, decide
from backend.autoscaling.pressure import FORGET_AFTER_S, Gauge
from backend.errors import StartupFailed
from backend.settings import Autoscaling

log = logging.getLogger(__name__)

TELL_EVERY_S = 1.0
LOOK_BACK_S = 5.0  # figures are means over this time
AUXILIARY_UPSCALE_S = 5.0


async def tell(generator: DeploymentHandle, gateway: str, room: Room) -> None:
    """Tells all generators the load of this gateway, until cancelled."""
    gauge = Gauge(room, time.monotonic())
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        try:
            told = generator.broadcast("pressure", gateway, gauge.read(time.monotonic()))
            await told.results_async(timeout_s=FORGET_AFTER_S, return_exceptions=True)
        except Exception as error:
            # Generators come and go, and there may be none; the next second tells the ones that are
            # there then. To stop telling would look like no load, and end with no generators.
            log.warning("The generators could not be told of the load: %r", error)


class TokenPressure:
    """The policy, as Serve's controller calls it: several times a second, in its own process."""

    def __init__(self, interval_s: float, limits: Mapping[str, float]) -> None:
        self._interval_s = interval_s
        self._limits = Limits(**limits)  # type: ignore[arg-type]
        self._state = State()
        self._looked_at = -math.inf
        tags = ("deployment",)
        self._replicas = metrics.Gauge(
            "glossator_autoscaling_replicas",
            "Replicas, by state: running, wanted.",
            tag_keys=(*tags, "state"),
        )
        self._need = metrics.Gauge(
            "glossator_autoscaling_need",
            "Replicas that each consideration asks for, fractions included.",
            tag_keys=(*tags, "need"),
        )

    def __call__(self, context: Any) -> tuple[int, dict[str, Any]]:
        if context.current_time - self._looked_at < self._interval_s:
            return context.target_num_replicas, {}
        self._looked_at = context.current_time
        self._state, decision = decide(self._state, observed(context), self._limits)
        self._tell(context, decision)
        return decision.replicas, {}

    def _tell(self, context: Any, decision: Decision) -> None:
        name = context.deployment_name
        if decision.replicas != decision.current:
            # Serve writes this logger to the controller's log file.
            logging.getLogger("ray.serve").info(
                "%s: %d -> %d replicas. %s", name, decision.current, decision.replicas, decision.why
            )
        for state, count in (
            ("running", context.current_num_replicas),
            ("wanted", decision.replicas),
        ):
            self._replicas.set(count, tags={"deployment": name, "state": state})
        for need in decision.needs:
            self._need.set(need.load, tags={"deployment": name, "need": need.name})


def observed(context: Any) -> Observed:
    """What Serve's ``AutoscalingContext`` knows about the generators.

    All of them report the same about the gateways, except those that have just started.
    """
    told: Mapping[str, Mapping[Any, float]] = context.aggregated_metrics or {}

    def most(name: str) -> float:
        return max(told.get(name, {}).values(), default=0.0)

    kv_use = told.get("kv_use", {}).values()
    return Observed(
        at_s=context.current_time,
        running=context.current_num_replicas,
        target=context.target_num_replicas,
        arrived_tokens_per_s=most("arrived_tokens_per_s"),
        running_tokens=most("running_tokens"),
        waiting_tokens=most("waiting_tokens"),
        kv_use=sum(kv_use) / len(kv_use) if kv_use else 0.0,
        queue_s=most("queue_s"),
    )


def generator_scaling(settings: Autoscaling, replicas: int) -> AutoscalingConfig:
    """How generators scale; there are ``replicas`` at first. Raises ``StartupFailed``."""
    low, high = settings.min_replicas, settings.max_replicas
    if low > high:
        raise StartupFailed(
            f"[autoscaling] min_replicas = {low} is more than max_replicas = {high}."
        )
    limits = {field.name: getattr(settings, field.name) for field in fields(Limits)}
    return _config(
        min_replicas=low,
        max_replicas=high,
        initial_replicas=min(max(replicas, low), high),
        # The policy itself decides how long to wait.
        upscale_delay_s=0.0,
        downscale_delay_s=0.0,
        policy=AutoscalingPolicy(
            policy_function=TokenPressure,
            policy_kwargs={"interval_s": settings.interval_s, "limits": limits},
        ),
    )


def auxiliary_scaling(settings: Autoscaling, replicas: int) -> AutoscalingConfig:
    """How retriever and rails scale. Their calls are short and alike, so Ray's policy will do."""
    idle_s = settings.auxiliary_idle_s
    return _config(
        min_replicas=0 if idle_s else min(replicas, settings.auxiliary_max_replicas),
        max_replicas=settings.auxiliary_max_replicas,
        initial_replicas=min(replicas, settings.auxiliary_max_replicas),
        target_ongoing_requests=settings.auxiliary_ongoing,
        upscale_delay_s=AUXILIARY_UPSCALE_S,
        downscale_delay_s=settings.scale_down_after_s,
        downscale_to_zero_delay_s=idle_s or None,
    )


def _config(**options: Any) -> AutoscalingConfig:
    with warnings.catch_warnings():
        # Ray wants variables instead, but this version does not read them yet.
        warnings.filterwarnings("ignore", ".*metrics_interval_s", DeprecationWarning)
        return AutoscalingConfig(
            metrics_interval_s=TELL_EVERY_S, look_back_period_s=LOOK_BACK_S, **options
        )
