"""Who writes the answers. The tuning of our own engine is in ``engine``."""

from typing import Annotated, Literal

from msgspec import Struct

from backend.settings.kinds import Amount, Count, Milliseconds, Seconds, Size, doc


class Generation(Struct, frozen=True, forbid_unknown_fields=True):
    """Who writes the answers."""

    engine: Annotated[
        Literal["auto", "vllm", "openai", "transformers", "extractive"],
        doc(
            "`auto` takes `openai` when an upstream is set, `vllm` when a model is set, cached "
            "or downloadable, and `extractive` otherwise."
        ),
    ] = "auto"
    model: Annotated[str, doc("Local folder or hub name of the model to serve.")] = ""
    default_model: Annotated[
        str, doc("Model that `auto` takes when it is cached, or the hub answers in time.")
    ] = "Qwen/Qwen2.5-Coder-0.5B-Instruct"
    hub_timeout_s: Annotated[Seconds, doc("How long `auto` waits for the model hub.")] = 3.0
    upstream: Annotated[
        str, doc("Base URL of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1.")
    ] = ""
    upstream_key: Annotated[str, doc("API key for the upstream; prefer the environment.")] = ""
    upstream_timeout_s: Annotated[Seconds, doc("Longest time that the upstream may be silent.")] = (
        60.0
    )
    max_tokens: Annotated[Count, doc("Longest answer in tokens; a request may ask for less.")] = 512
    temperature: Annotated[Amount, doc("Sampling temperature; 0 is greedy.")] = 0.0
    thinking: Annotated[
        bool,
        doc(
            "Whether a model that can think before it answers does. False turns it off where the "
            "model's chat template can; an upstream has to be told by itself."
        ),
    ] = True
    history_chars: Annotated[
        Size, doc("Characters of conversation in a prompt; older turns are left out.")
    ] = 12_000
    read_s: Annotated[
        Seconds,
        doc(
            "How long the model may read a prompt on this machine, as its answers have shown. "
            "Passages that would take longer are left out, but 500 tokens of them stay. 0 takes "
            "`retrieval.passage_tokens` always."
        ),
    ] = 3.0
    check_names: Annotated[
        bool,
        doc(
            "Whether names of indexed packages in an answer's code are looked up, and notices mark "
            "those that the indexed version does not have."
        ),
    ] = True
    coalesce_ms: Annotated[
        Milliseconds,
        doc(
            "The first tokens leave at once. After them, deltas are gathered for this long, and "
            "longer with more than 8 answers at once, so that every hop has fewer messages."
        ),
    ] = 20.0
