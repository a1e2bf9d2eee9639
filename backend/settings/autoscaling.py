"""How many replicas there are on Ray Serve, when that is decided while they run."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.settings.kinds import Amount, Count, Seconds, Size, doc

Positive = Annotated[float, Meta(gt=0)]


class Autoscaling(Struct, frozen=True, forbid_unknown_fields=True):
    """How many replicas there are (`--deploy ray`); docs/autoscaling.md explains the policy."""

    enabled: Annotated[
        bool, doc("Let load decide; off: `[ray]` says how many there are, and on, how many first.")
    ] = False
    min_replicas: Annotated[Size, doc("Generators at least; 0 lets all of them stop.")] = 1
    max_replicas: Annotated[Count, doc("Generators at most.")] = 4
    replica_tokens_per_s: Annotated[
        Positive,
        doc("Prompt and answer tokens that one generator works off per second; measure it."),
    ] = 2000.0
    target_use: Annotated[
        Annotated[float, Meta(gt=0, le=1)], doc("Share of that rate to plan for.")
    ] = 0.8
    settle_s: Annotated[
        Positive, doc("All tokens that wait or run should be worked off within this time.")
    ] = 20.0
    kv_target: Annotated[Annotated[float, Meta(gt=0, le=1)], doc("KV-cache use to plan for.")] = (
        0.85
    )
    queue_target_s: Annotated[Positive, doc("Predicted wait of a question to plan for.")] = 1.0
    startup_s: Annotated[
        Positive, doc("A generator's start: how far ahead the arrival rate is forecast.")
    ] = 60.0
    scale_up_factor: Annotated[
        Annotated[float, Meta(ge=1)], doc("At most so many times the running generators at once.")
    ] = 2.0
    scale_down_after_s: Annotated[
        Seconds, doc("One is stopped when for this long fewer would have done.")
    ] = 300.0
    scale_down_every_s: Annotated[Seconds, doc("Between two stops.")] = 60.0
    scale_down_margin: Annotated[
        Amount, doc("Those left have to carry this share more than was needed.")
    ] = 0.1
    interval_s: Annotated[Positive, doc("Between two looks at the load.")] = 2.0
    auxiliary_max_replicas: Annotated[
        Count, doc("Replicas at most of the retriever, and of each rail with a model.")
    ] = 4
    auxiliary_ongoing: Annotated[
        Positive, doc("Calls under way per replica of those from which another one is started.")
    ] = 16.0
    auxiliary_idle_s: Annotated[
        Seconds,
        doc(
            "They stop altogether after so long without a question, and the next one waits for "
            "their start, or goes on without; 0: never."
        ),
    ] = 0.0
