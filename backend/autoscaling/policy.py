"""Decides how many generators there should be, and says why. Pure.

Four needs are calculated, and the largest counts:

- *rate*: the tokens per second that will arrive when a new replica is up, plus the waiting tokens
  spread over the time that they should take, divided by what a replica does per second at its
  target use;
- *work*: all tokens that wait or run, divided by what a replica does in that time. In a steady
  state it equals the rate (J. Little, Operations Research 9(3), 1961), but a jump shows sooner;
- *KV cache* and *queue time*: replicas in proportion to how far the figure is above its target.
  This is the rule of Kubernetes' HorizontalPodAutoscaler, ``ceil(current × value / target)``.

More replicas are asked for at once, but at most a multiple of those that run. Fewer are asked for
one at a time, and only when no need of the last minutes spoke against it (the stabilization window
of the same autoscaler) and the rest would not be nearly full again. Otherwise a need that swings
around a boundary would start and stop engines.
"""

import math
from dataclasses import dataclass, replace

from backend.autoscaling.forecast import Trend


@dataclass(frozen=True, slots=True)
class Limits:
    """``[autoscaling]`` in the settings explains them; the defaults are the same here."""

    min_replicas: int = 1
    max_replicas: int = 4
    replica_tokens_per_s: float = 2000.0
    target_use: float = 0.8
    settle_s: float = 20.0
    kv_target: float = 0.85
    queue_target_s: float = 1.0
    startup_s: float = 60.0
    scale_up_factor: float = 2.0
    scale_down_after_s: float = 300.0
    scale_down_every_s: float = 60.0
    scale_down_margin: float = 0.1


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at all generators, and at the requests that wait for them.

    Tokens are work still to be done, without cached prompt tokens. ``running`` generators answer
    now; ``target`` were asked for, including those that still start.
    """

    at_s: float
    running: int
    target: int
    arrived_tokens_per_s: float = 0.0  # since the last look
    running_tokens: float = 0.0
    waiting_tokens: float = 0.0
    kv_use: float = 0.0  # mean over the replicas, 0 to 1
    queue_s: float = 0.0  # how long the next request will wait, or the first one has waited


@dataclass(frozen=True, slots=True)
class Need:
    """One need, in replicas with fractions; ``why`` has its figures."""

    name: str
    load: float
    why: str

    @property
    def replicas(self) -> int:
        """Rounded up, but not because of the last bits of a float."""
        return math.ceil(self.load - 1e-9)


@dataclass(frozen=True, slots=True)
class Decision:
    """``replicas`` to ask for. The log prints ``why`` when something changes."""

    current: int
    replicas: int
    why: str
    needs: tuple[Need, ...]

    @property
    def first(self) -> Need:
        """The need that counts."""
        return max(self.needs, key=lambda need: need.load)


@dataclass(frozen=True, slots=True)
class State:
    """What one decision hands to the next; the first one gets ``State()``."""

    began_at_s: float = math.inf
    rate: Trend | None = None
    loads: tuple[tuple[float, float], ...] = ()  # (when, the largest need then), of some minutes
    shrunk_at_s: float = -math.inf


# The forecast follows a change of rate within some looks, and a climb after some more.
LEVEL_S = 15.0
SLOPE_S = 45.0


def decide(state: State, seen: Observed, limits: Limits) -> tuple[State, Decision]:
    """The state for the next call, and what to ask for now."""
    rate = _rate(state.rate, seen)
    needs = _needs(rate, seen, limits)
    since = seen.at_s - limits.scale_down_after_s
    kept = [one for one in state.loads if one[0] > since]
    loads = (*kept, (seen.at_s, max(need.load for need in needs)))
    state = State(min(state.began_at_s, seen.at_s), rate, loads, state.shrunk_at_s)
    replicas, why = _step(state, needs, seen, limits)
    if replicas < seen.target:
        state = replace(state, shrunk_at_s=seen.at_s)
    return state, Decision(seen.target, replicas, why, needs)


def _rate(before: Trend | None, seen: Observed) -> Trend:
    if before is None:
        return Trend(seen.at_s, seen.arrived_tokens_per_s)
    return before.observe(seen.at_s, seen.arrived_tokens_per_s, LEVEL_S, SLOPE_S)


def _needs(rate: Trend, seen: Observed, limits: Limits) -> tuple[Need, ...]:
    comfortable = limits.replica_tokens_per_s * limits.target_use
    coming = rate.ahead(limits.startup_s, damping_s=limits.startup_s)
    work = seen.running_tokens + seen.waiting_tokens
    return (
        Need(
            "rate",
            (coming + seen.waiting_tokens / limits.settle_s) / comfortable,
            f"{rate.level:,.0f} tokens/s arrive, {coming:,.0f} expected in "
            f"{limits.startup_s:.0f} s, {seen.waiting_tokens:,.0f} wait, "
            f"a replica does {comfortable:,.0f}/s",
        ),
        Need(
            "work",
            work / (limits.replica_tokens_per_s * limits.settle_s),
            f"{seen.waiting_tokens:,.0f} tokens wait and {seen.running_tokens:,.0f} run, "
            f"a replica does {limits.replica_tokens_per_s:,.0f}/s",
        ),
        Need(
            "kv",
            seen.running * seen.kv_use / limits.kv_target,
            f"KV cache {seen.kv_use:.0%} full",
        ),
        Need(
            "queue",
            seen.running * seen.queue_s / limits.queue_target_s,
            f"{seen.queue_s:.1f} s of queue",
        ),
    )


def _step(state: State, needs: tuple[Need, ...], seen: Observed, limits: Limits) -> tuple[int, str]:
    """The number of replicas to ask for, and why."""
    first = max(needs, key=lambda need: need.load)
    # Without any replica, any work is a reason for one, so that nobody waits in vain.
    least = max(limits.min_replicas, 1 if seen.waiting_tokens or seen.running_tokens else 0)
    wanted = min(max(first.replicas, least), limits.max_replicas)
    if wanted > seen.target:
        reach = math.ceil(max(seen.running, 1) * limits.scale_up_factor)
        replicas = min(wanted, max(reach, seen.target, limits.min_replicas))
        held = "" if replicas == wanted else f"; {wanted} needed, but not so many at once"
        return replicas, f"{first.name}: {first.why}{held}"
    if seen.target > limits.max_replicas:
        return limits.max_replicas, f"at most {limits.max_replicas} are allowed"
    if wanted == seen.target:
        return seen.target, f"{first.name}: {first.why}"
    return _shrink(state, least, "; ".join(need.why for need in needs), seen, limits)


def _shrink(
    state: State, least: int, figures: str, seen: Observed, limits: Limits
) -> tuple[int, str]:
    """One replica fewer, if nothing in the last minutes speaks against it."""
    fewer, patience_s = seen.target - 1, limits.scale_down_after_s
    most = max(load for _, load in state.loads)
    if seen.at_s - state.began_at_s < patience_s:
        return seen.target, f"not watched for {patience_s:.0f} s yet ({figures})"
    if fewer < least or most * (1 + limits.scale_down_margin) > fewer:
        return seen.target, f"up to {most:.1f} were needed in the last {patience_s:.0f} s"
    if seen.at_s - state.shrunk_at_s < limits.scale_down_every_s:
        return seen.target, "one was stopped a moment ago"
    return fewer, f"at most {most:.1f} were needed in the last {patience_s:.0f} s ({figures})"
