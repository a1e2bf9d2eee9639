"""Which requests may enter, and what runs where on Ray Serve."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.settings.kinds import Amount, Count, Part, Port, Seconds, Share, Size, Weight, doc


class Admission(Struct, frozen=True, forbid_unknown_fields=True):
    """Which requests may enter, and which are shed (docs/admission.md)."""

    engine_requests: Annotated[
        Size, doc("Slots of one engine; 0: as many as it decodes together, or else 64.")
    ] = 0
    engine_tokens: Annotated[
        Size, doc("Cost in tokens of the requests in them; 0: what the KV cache holds.")
    ] = 0
    max_waiting_tokens: Annotated[
        Size, doc("Cost in tokens of all requests that wait; more are shed as overloaded.")
    ] = 65_536
    max_wait_s: Annotated[
        Seconds, doc("A request whose predicted wait is longer is shed as overloaded.")
    ] = 3.0
    reserved_share: Annotated[
        Part,
        doc("Share of the slots for users who hold less than an equal part of them."),
    ] = 0.4
    prepare_share: Annotated[
        Share, doc("`prepare` is skipped when more than this share of the slots is taken.")
    ] = 0.5
    help_share: Annotated[
        Weight, doc("Weight of inline help where kinds compete for slots; it also goes first.")
    ] = 16.0
    chat_share: Annotated[Weight, doc("Weight of chat.")] = 4.0
    optimize_share: Annotated[Weight, doc("Weight of optimization.")] = 1.0


class Ray(Struct, frozen=True, forbid_unknown_fields=True):
    """Deployments on Ray Serve (`--deploy ray`)."""

    address: Annotated[str, doc("Ray cluster to join; empty starts one on this machine.")] = ""
    metrics_port: Annotated[
        Port,
        doc("Port of the Prometheus metrics of a cluster that we start; 0 picks one."),
    ] = 0
    gateway_replicas: Annotated[Count, doc("Replicas of the gateway.")] = 1
    generator_replicas: Annotated[Count, doc("Replicas of the generator.")] = 1
    retriever_replicas: Annotated[Count, doc("Replicas of the retriever.")] = 1
    rails_replicas: Annotated[Count, doc("Replicas of each rail that runs a model.")] = 1
    gateway_cpus: Annotated[Amount, doc("CPUs reserved by a gateway replica.")] = 0.1
    generator_cpus: Annotated[Amount, doc("CPUs reserved by a generator replica.")] = 0.1
    generator_gpus: Annotated[Amount, doc("GPUs, or a fraction, per generator replica.")] = 0.0
    retriever_cpus: Annotated[Amount, doc("CPUs reserved by a retriever replica.")] = 0.1
    retriever_gpus: Annotated[Amount, doc("GPUs, or a fraction, per retriever replica.")] = 0.0
    rails_cpus: Annotated[Amount, doc("CPUs reserved by a rails replica.")] = 0.1
    rails_gpus: Annotated[Amount, doc("GPUs, or a fraction, per rails replica.")] = 0.0
    gateway_max_ongoing: Annotated[
        Count, doc("Open websockets and HTTP requests per gateway replica.")
    ] = 4096
    generator_max_ongoing: Annotated[
        Count, doc("Streams per generator replica; a backstop behind admission.")
    ] = 256
    retriever_max_ongoing: Annotated[Count, doc("Searches per retriever replica.")] = 64
    rails_max_ongoing: Annotated[Count, doc("Checks per rails replica.")] = 256
    health_check_period_s: Annotated[
        Annotated[float, Meta(gt=0)], doc("How often Serve asks each replica for its health.")
    ] = 10.0
    health_check_timeout_s: Annotated[
        Annotated[float, Meta(gt=0)], doc("A health check that takes longer has failed.")
    ] = 30.0
    surge_percent: Annotated[
        Annotated[int, Meta(ge=0, le=100)],
        doc(
            "Replicas that an update may start before it stops old ones, rounded up. 0 where the "
            "cluster has no room for them; an update then needs two replicas of everything."
        ),
    ] = 20
    drain_s: Annotated[Seconds, doc("How long a stopping replica may finish its streams.")] = 60
