"""How the vLLM engine is tuned. ``docs/tuning.md`` gives reasons, and values for machines."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.settings.kinds import Amount, Count, Size, doc


class Vllm(Struct, frozen=True, forbid_unknown_fields=True):
    """The vLLM engine. docs/tuning.md gives the reasons."""

    dtype: Annotated[
        str,
        doc(
            "Weights' type: auto, bfloat16, float16, float32. `auto` is the checkpoint's own, or "
            "float32 on a CPU that would have to emulate bfloat16."
        ),
    ] = "auto"
    quantization: Annotated[
        str, doc("Quantization, such as `fp8` or `awq`; empty takes that of the checkpoint.")
    ] = ""
    load_format: Annotated[
        str,
        doc("How weights are loaded; `dummy` makes random ones, to measure a model's speed."),
    ] = "auto"
    tensor_parallel: Annotated[Count, doc("GPUs that share every layer of one model.")] = 1
    max_model_len: Annotated[
        Size, doc("Longest prompt plus answer, in tokens; 0 takes the limit of the model.")
    ] = 0
    max_num_seqs: Annotated[Count, doc("Requests decoded together in one step.")] = 64
    max_num_batched_tokens: Annotated[
        Size, doc("Tokens per step, prefill included; 0 takes vLLM's default.")
    ] = 0
    chunked_prefill: Annotated[
        Literal["auto", "on", "off"],
        doc("Whether long prompts are read in pieces between the steps of running answers."),
    ] = "auto"
    scheduling: Annotated[
        Literal["priority", "fcfs"],
        doc("Order of the engine's own queue: by kind of request, or first come first served."),
    ] = "priority"
    gpu_memory_utilization: Annotated[
        Annotated[float, Meta(gt=0, le=1)], doc("Share of the GPU's memory for weights and KV.")
    ] = 0.9
    kv_cache_gib: Annotated[
        Amount,
        doc("KV cache of each GPU in GiB, instead of the share above; 0: the share decides."),
    ] = 0.0
    kv_cache_dtype: Annotated[
        str, doc("Type of the KV cache: auto, or fp8 for twice the tokens in the same memory.")
    ] = "auto"
    cpu_kvcache_gib: Annotated[Count, doc("KV cache in GiB on a machine without a GPU.")] = 1
    cpu_threads: Annotated[
        Size, doc("Threads of the engine on a machine without a GPU; 0 lets vLLM choose.")
    ] = 0
    ngram_tokens: Annotated[
        Size,
        doc(
            "Tokens guessed per step by finding the latest ones in the prompt (n-gram "
            "speculative decoding). It helps where answers copy code. 0 turns it off."
        ),
    ] = 0
    ngram_match: Annotated[
        Count, doc("Tokens that must match before the text after them is guessed.")
    ] = 3
    enforce_eager: Annotated[
        bool, doc("Skip graph compilation: the engine starts in seconds, but its steps are slower.")
    ] = True
