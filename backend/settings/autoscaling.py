"""How many replicas run on Ray Serve, when the load decides it."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.settings.kinds import Amount, Count, Seconds, Size, doc

Positive = Annotated[float, Meta(gt=0)]


class Autoscaling(Struct, frozen=True, forbid_unknown_fields=True):
    """How many replicas run (`--deploy ray`); docs/autoscaling.md explains the policy."""

    enabled: Annotated[
        bool,
        doc("Lets the load decide. `[ray]` says how many there are, or only how many at first."),
    ] = False
    min_replicas: Annotated[Size, doc("Fewest generators; 0 lets all of them stop.")] = 1
    max_replicas: Annotated[Count, doc("Most generators.")] = 4
    replica_tokens_per_s: Annotated[
        Positive,
        doc("Prompt and answer tokens that one generator processes per second; measure it."),
    ] = 2000.0
    target_use: Annotated[
        Annotated[float, Meta(gt=0, le=1)], doc("Share of that rate to plan for.")
    ] = 0.8
    settle_s: Annotated[
        Positive, doc("All tokens that wait or run should be processed within this time.")
    ] = 20.0
    kv_target: Annotated[Annotated[float, Meta(gt=0, le=1)], doc("KV-cache use to plan for.")] = (
        0.85
    )
    queue_target_s: Annotated[Positive, doc("Predicted wait of a question to plan for.")] = 1.0
    startup_s: Annotated[
        Positive,
        doc("How long a generator takes to start; the arrival rate is forecast that far ahead."),
    ] = 60.0
    scale_up_factor: Annotated[
        Annotated[float, Meta(ge=1)],
        doc("The number of generators grows at most by this factor at once."),
    ] = 2.0
    scale_down_after_s: Annotated[
        Seconds, doc("A generator is stopped when fewer would have been enough for this long.")
    ] = 300.0
    scale_down_every_s: Annotated[Seconds, doc("Shortest time between two stops.")] = 60.0
    scale_down_margin: Annotated[
        Amount, doc("Spare capacity that must remain after a stop, as a share of what was needed.")
    ] = 0.1
    interval_s: Annotated[Positive, doc("Time between two looks at the load.")] = 2.0
    auxiliary_max_replicas: Annotated[
        Count, doc("Most replicas of the retriever, and of each rail with a model.")
    ] = 4
    auxiliary_ongoing: Annotated[
        Positive,
        doc("Another one of those is started when each has more calls under way than this."),
    ] = 16.0
    auxiliary_idle_s: Annotated[
        Seconds,
        doc(
            "They all stop after this long without a question. The next question then waits for "
            "their start, or goes on without them. 0: they never stop."
        ),
    ] = 0.0
