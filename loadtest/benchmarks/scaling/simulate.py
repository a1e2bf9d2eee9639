"""What a scaling policy costs and keeps, on hours of simulated traffic.

    python -m loadtest.benchmarks.scaling.simulate

Thousands of users ask replicas that start and stop, under our autoscaling policy, Ray Serve's
default and fixed numbers of replicas. Users, engines and their starts are simulated. Admission and
our policy are the backend's own code, driven by simulated time. All policies see the same trace
through the same admission. ``loadtest.simulation.replica`` says what is left out.

Attained is the share of all requests, shed ones included, whose first token came within the SLO.
Cost is in replica-seconds, starts and ends included, relative to as many fixed replicas as the
busiest minutes need. `ongoing requests` is Ray Serve's default policy with its default delays and
as many requests per replica as this speed carries at the same target use.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from backend.autoscaling import Limits
from loadtest.benchmarks.command import Study, say
from loadtest.experiments import markdown
from loadtest.experiments.quantile import quantile
from loadtest.simulation import speed as speeds
from loadtest.simulation import traffic
from loadtest.simulation.scaling import Fixed, OngoingRequests, Scaler, TokenPressure
from loadtest.simulation.speed import Speed
from loadtest.simulation.traffic import Asked
from loadtest.simulation.world import Outcome, Rules, World

TARGET_USE = 0.8  # of a replica, in every policy


@dataclass(frozen=True, slots=True)
class Row:
    policy: str
    attained: float
    shed: float
    ttft_p50_s: float
    ttft_p99_s: float
    replica_s: float
    most: int
    changes: int


def row(policy: str, outcome: Outcome, slo_s: float) -> Row:
    ttfts = [
        request.first_at_s - request.at_s
        for request in outcome.requests
        if request.first_at_s is not None
    ]
    offered = len(outcome.requests)
    return Row(
        policy,
        sum(ttft <= slo_s for ttft in ttfts) / offered,
        sum(request.shed for request in outcome.requests) / offered,
        quantile(ttfts, 0.5) if ttfts else math.nan,
        quantile(ttfts, 0.99) if ttfts else math.nan,
        outcome.replica_s,
        outcome.most,
        outcome.changes,
    )


def capacity(trace: Sequence[Asked], speed: Speed) -> tuple[float, float]:
    """What one replica carries of the trace's mix: tokens per second, and requests at once."""
    prompt = fmean(asked.prompt_tokens - asked.cached_tokens for asked in trace)
    output = fmean(asked.output_tokens for asked in trace)
    held = fmean(asked.prompt_tokens + asked.output_tokens for asked in trace)
    together = min(speed.max_num_seqs, int(speed.kv_tokens / held))
    return speed.tokens_per_s(prompt, output), max(1.0, float(together))


def peak(trace: Sequence[Asked], tokens_per_s: float, window_s: float = 120.0) -> int:
    """How many fixed replicas the busiest two minutes need at the target use."""
    work: dict[int, float] = {}
    for asked in trace:
        window = int(asked.at_s // window_s)
        work[window] = work.get(window, 0.0) + asked.cost
    return math.ceil(max(work.values()) / window_s / (tokens_per_s * TARGET_USE))


def compare(
    trace: Sequence[Asked], speed: Speed, most: int, slo_s: float, explain: bool = False
) -> list[Row]:
    tokens_per_s, together = capacity(trace, speed)
    needed = peak(trace, tokens_per_s)
    top = max(most, needed)
    limits = Limits(
        max_replicas=top,
        replica_tokens_per_s=tokens_per_s,
        target_use=TARGET_USE,
        startup_s=speed.startup_s,
    )
    ours = TokenPressure(limits)
    scalers: dict[str, tuple[Scaler, int]] = {
        "token pressure (ours)": (ours, 1),
        "ongoing requests (Ray's default)": (OngoingRequests(together * TARGET_USE, 1, top), 1),
        f"fixed, peak: {needed}": (Fixed(needed), needed),
        f"fixed, half the peak: {math.ceil(needed / 2)}": (
            Fixed(math.ceil(needed / 2)), math.ceil(needed / 2),
        ),
    }  # fmt: skip
    rows = []
    for name, (scaler, first) in scalers.items():
        rows.append(row(name, World(speed, scaler, first, Rules()).run(trace), slo_s))
        say(f"  {name}: {rows[-1].attained:.1%} attained")
    if explain:
        for at_s, decision in ours.changes:
            say(f"  {at_s:8.0f} s  {decision.current} -> {decision.replicas}: {decision.why}")
    return rows


def table(rows: Sequence[Row]) -> str:
    fixed = next(each for each in rows if "peak" in each.policy)
    header = ["policy", "attained", "shed", "TTFT p50, s", "TTFT p99, s", "replica-seconds",
              "of fixed", "most", "changes"]  # fmt: skip
    cells = [
        [
            each.policy, f"{each.attained:.1%}", f"{each.shed:.1%}", f"{each.ttft_p50_s:.2f}",
            f"{each.ttft_p99_s:.2f}", f"{each.replica_s:,.0f}",
            f"{each.replica_s / fixed.replica_s:.2f}", str(each.most), str(each.changes),
        ]
        for each in rows
    ]  # fmt: skip
    return markdown.table(header, cells)


def _study() -> Study:
    study = Study(__spec__, __doc__)
    study.add_argument(
        "--traffic", nargs="+", default=[*traffic.SYNTHETIC], metavar="NAME",
        help=f"{', '.join(traffic.SYNTHETIC)}, or trace files (default: all of those)",
    )  # fmt: skip
    study.number("--users", 3000, "users")
    study.number("--hours", 2.0, "hours of traffic")
    study.number("--seed", 20, "seed of the traffic", zero=True)
    study.add_argument(
        "--speed", default="l4-7b-fp8", metavar="NAME",
        help=f"speed of a replica: {', '.join(speeds.names())}, or a file that `python -m "
        "loadtest.benchmarks.scaling.calibrate` wrote (default: %(default)s)",
    )  # fmt: skip
    study.number("--most", 16, "largest number of replicas")
    study.number("--slo", 3.0, "SLO for TTFT in seconds")
    study.add_argument("--explain", action="store_true", help="print our policy's decisions")
    return study


def _trace(name: str, arguments: argparse.Namespace) -> list[Asked]:
    if make := traffic.SYNTHETIC.get(name):
        return make(arguments.users, arguments.hours, arguments.seed)
    return traffic.read(Path(name))


def main(given: Sequence[str] | None = None) -> None:
    arguments = _study().parse_args(given)
    try:
        speed = speeds.read(arguments.speed)
        traces = {name: _trace(name, arguments) for name in arguments.traffic}
    except (OSError, ValueError) as error:
        sys.exit(f"simulate: {error}")
    print(f"Speed of a replica `{arguments.speed}`: {speed.source}\n")
    for name, trace in traces.items():
        say(f"{name}: {len(trace):,} requests")
        tokens_per_s, together = capacity(trace, speed)
        rows = compare(trace, speed, arguments.most, arguments.slo, arguments.explain)
        users = len({asked.user for asked in trace})
        print(
            f"`{name}`: {users:,} users, {len(trace):,} requests in {trace[-1].at_s / 3600:.1f} h; "
            f"a replica does {tokens_per_s:,.0f} tokens/s, {together:.0f} requests at once; TTFT "
            f"SLO {arguments.slo:g} s.\n\n{table(rows)}\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
