"""Who may enter, and what runs where on Ray Serve."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.settings.kinds import Amount, Count, Seconds, Size, doc


class Admission(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may enter."""

    max_running: Annotated[Count, doc("Requests generating at once.")] = 64
    max_waiting: Annotated[Size, doc("Requests waiting; one more is shed as overloaded.")] = 256


class Ray(Struct, frozen=True, forbid_unknown_fields=True):
    """Deployments on Ray Serve (`--deploy ray`)."""

    address: Annotated[str, doc("Ray cluster to join; empty starts one on this machine.")] = ""
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
    drain_s: Annotated[Seconds, doc("A stopping replica may finish its streams for this long.")] = (
        60
    )
