"""Every setting, with its default and its meaning; read from one TOML file and the environment.

``GLOSSATOR_SERVER__PORT=9000`` overrides ``[server] port``. Settings are frozen; an unknown
name is an error that lists the known ones. ``docs/settings.md`` is generated from this file
(``backend.settings_reference``).
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from backend.errors import StartupFailed

ENV_PREFIX = "GLOSSATOR_"

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1)]
Size = Annotated[int, Meta(ge=0)]
Span = Annotated[float, Meta(ge=0)]


def _doc(text: str) -> Meta:
    return Meta(description=text)


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """The gateway."""

    host: Annotated[str, _doc("Address to listen on; 0.0.0.0 for every interface.")] = "127.0.0.1"
    port: Annotated[Port, _doc("Port to listen on; 0 picks a free one.")] = 8765
    max_frame_bytes: Annotated[
        Count, _doc("Largest websocket message or HTTP body that is accepted.")
    ] = 1_048_576
    max_requests_per_session: Annotated[
        Count, _doc("Requests one websocket may have in flight.")
    ] = 16
    resume_window_s: Annotated[
        Span, _doc("How long an answer goes on, and can be resumed, after its websocket dropped.")
    ] = 10.0
    tenant_header: Annotated[
        str,
        _doc(
            "Header in which a trusted proxy names the tenant; empty: there is only one. "
            "Clients must not be able to set it themselves."
        ),
    ] = ""
    default_deadline_s: Annotated[
        Annotated[float, Meta(gt=0)], _doc("Deadline of a request that names none.")
    ] = 120.0


class Generation(Struct, frozen=True, forbid_unknown_fields=True):
    """Who writes the answers."""

    engine: Annotated[
        Literal["auto", "vllm", "openai", "transformers", "extractive"],
        _doc(
            "`auto`: `openai` when an upstream is set, `vllm` when a model is set, cached or "
            "downloadable, else `extractive`."
        ),
    ] = "auto"
    model: Annotated[str, _doc("Local folder or hub name of the model to serve.")] = ""
    default_model: Annotated[
        str, _doc("What `auto` takes when it is cached or the hub answers in time.")
    ] = "Qwen/Qwen2.5-Coder-0.5B-Instruct"
    hub_timeout_s: Annotated[Span, _doc("How long `auto` waits for the model hub.")] = 3.0
    upstream: Annotated[
        str, _doc("Base URL of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1.")
    ] = ""
    upstream_key: Annotated[str, _doc("API key for the upstream; prefer the environment.")] = ""
    upstream_timeout_s: Annotated[Span, _doc("Longest silence of the upstream.")] = 60.0
    max_tokens: Annotated[Count, _doc("Longest answer, unless the request asks for less.")] = 512
    temperature: Annotated[Span, _doc("Sampling temperature; 0 is greedy.")] = 0.0
    history_chars: Annotated[
        Size, _doc("Conversation in a prompt, in characters; older turns fall off.")
    ] = 12_000
    coalesce_ms: Annotated[
        Span,
        _doc(
            "After the first tokens, which leave at once, gather deltas for this long, and "
            "longer with more than 8 answers at once: fewer, larger messages on every hop."
        ),
    ] = 20.0


class Vllm(Struct, frozen=True, forbid_unknown_fields=True):
    """The vLLM engine."""

    dtype: Annotated[str, _doc("Weights' type: auto, bfloat16, float16, float32.")] = "auto"
    max_model_len: Annotated[
        Size, _doc("Longest prompt plus answer in tokens; 0 takes the model's own.")
    ] = 0
    max_num_seqs: Annotated[Count, _doc("Requests decoded together in one step.")] = 64
    max_num_batched_tokens: Annotated[
        Size, _doc("Tokens per step, prefill included; 0 takes vLLM's default.")
    ] = 0
    gpu_memory_utilization: Annotated[
        Annotated[float, Meta(gt=0, le=1)], _doc("Share of the GPU's memory for weights and KV.")
    ] = 0.9
    cpu_kvcache_gib: Annotated[Count, _doc("KV cache on a machine without a GPU, GiB.")] = 1
    cpu_threads: Annotated[
        Size, _doc("Threads of the engine on a machine without a GPU; 0 lets vLLM choose.")
    ] = 0
    enforce_eager: Annotated[
        bool, _doc("Skip graph compilation: slower steps, a start in seconds.")
    ] = True


class Retrieval(Struct, frozen=True, forbid_unknown_fields=True):
    """Finding passages."""

    embedder: Annotated[
        str,
        _doc(
            "sentence-transformers model: a local folder, a hub name, or `bundled` for the "
            "all-MiniLM-L6-v2 that is installed with the server."
        ),
    ] = "bundled"
    limit: Annotated[Count, _doc("Passages given to the generator and cited.")] = 6
    budget_ms: Annotated[Span, _doc("The answer goes on without what is later than this.")] = 300.0
    threads: Annotated[Count, _doc("Searches done side by side.")] = 1
    embedder_threads: Annotated[Size, _doc("Torch threads of the embedder; 0: all cores.")] = 0
    device: Annotated[str, _doc("Device of the embedder: cpu, cuda, cuda:1.")] = "cpu"


class Admission(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may enter."""

    max_running: Annotated[Count, _doc("Requests generating at once.")] = 64
    max_waiting: Annotated[Size, _doc("Requests waiting; one more is shed as overloaded.")] = 256


Action = Literal["off", "allow", "warn", "redact", "block"]
_ACTIONS = (
    "`off`: not run. `allow`: logged and counted only. `warn`: the user is told. `redact`: "
    "replaced before the model sees it. `block`: not answered."
)
_ON_FAILURE = "When the rail raises or is late: `block` fails closed, `allow` fails open."


class SecretsRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Keys, tokens, private keys, connection strings and high-entropy assignments."""

    action: Annotated[Action, _doc(_ACTIONS)] = "redact"
    on_failure: Annotated[Literal["allow", "block"], _doc(_ON_FAILURE)] = "block"
    budget_ms: Annotated[Span, _doc("Later than this is a failure.")] = 500.0


class PiiRail(Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail, phone, card and account numbers, addresses, national ids (presidio)."""

    action: Annotated[Action, _doc(_ACTIONS)] = "redact"
    on_failure: Annotated[Literal["allow", "block"], _doc(_ON_FAILURE)] = "block"
    budget_ms: Annotated[Span, _doc("Later than this is a failure.")] = 2000.0
    names: Annotated[
        Literal["none", "spacy", "transformers"],
        _doc("Whether names and places are looked for as well, by which kind of model."),
    ] = "none"
    model: Annotated[str, _doc("That model: a local folder or a name; see docs/guardrails.md.")] = (
        ""
    )
    device: Annotated[str, _doc("Device of that model: cpu, cuda, cuda:1.")] = "cpu"


class ToxicityRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Insults, threats and the like, in questions and beside the stream of answers (detoxify)."""

    action: Annotated[Action, _doc(_ACTIONS)] = "block"
    on_failure: Annotated[Literal["allow", "block"], _doc(_ON_FAILURE)] = "allow"
    budget_ms: Annotated[Span, _doc("Later than this is a failure.")] = 2000.0
    model: Annotated[
        str,
        _doc(
            "Detoxify checkpoint file, or `original`, `unbiased`, `multilingual` to have it "
            "downloaded; without weights or network the rail is degraded."
        ),
    ] = "original"
    model_config: Annotated[
        str, _doc("Folder with the tokenizer and configuration that a checkpoint file needs.")
    ] = ""
    threshold: Annotated[
        Annotated[float, Meta(gt=0, lt=1)], _doc("Score from which a text counts as toxic.")
    ] = 0.7
    device: Annotated[str, _doc("Device of the model: cpu, cuda, cuda:1.")] = "cpu"


class TopicRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a question is about what is indexed, by embedding similarity."""

    action: Annotated[Action, _doc(_ACTIONS)] = "warn"
    on_failure: Annotated[Literal["allow", "block"], _doc(_ON_FAILURE)] = "allow"
    threshold: Annotated[
        float, _doc("Cosine to the nearest chunk below which a question is off topic.")
    ] = 0.30
    allow: Annotated[
        tuple[str, ...], _doc("Subjects that are always on topic, as short phrases.")
    ] = ()
    deny: Annotated[tuple[str, ...], _doc("Subjects that are never answered.")] = ()
    subject_threshold: Annotated[
        float, _doc("Cosine to a subject from which a question is about it.")
    ] = 0.5


class InjectionRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Text that tries to instruct the model: in questions, code and retrieved passages."""

    action: Annotated[Action, _doc(_ACTIONS)] = "block"
    on_failure: Annotated[Literal["allow", "block"], _doc(_ON_FAILURE)] = "allow"
    budget_ms: Annotated[Span, _doc("Later than this is a failure.")] = 500.0
    passages: Annotated[
        Literal["keep", "neutralize", "drop"],
        _doc("What happens to a retrieved passage that tries to instruct the model."),
    ] = "neutralize"


class Rails(Struct, frozen=True, forbid_unknown_fields=True):
    """Guardrails on questions, passages and answers."""

    secrets: SecretsRail = SecretsRail()
    pii: PiiRail = PiiRail()
    toxicity: ToxicityRail = ToxicityRail()
    topic: TopicRail = TopicRail()
    injection: InjectionRail = InjectionRail()


class Ray(Struct, frozen=True, forbid_unknown_fields=True):
    """Deployments on Ray Serve (`--deploy ray`)."""

    address: Annotated[str, _doc("Ray cluster to join; empty starts one on this machine.")] = ""
    gateway_replicas: Annotated[Count, _doc("Replicas of the gateway.")] = 1
    generator_replicas: Annotated[Count, _doc("Replicas of the generator.")] = 1
    retriever_replicas: Annotated[Count, _doc("Replicas of the retriever.")] = 1
    rails_replicas: Annotated[Count, _doc("Replicas of each rail that runs a model.")] = 1
    gateway_cpus: Annotated[Span, _doc("CPUs reserved by a gateway replica.")] = 0.1
    generator_cpus: Annotated[Span, _doc("CPUs reserved by a generator replica.")] = 0.1
    generator_gpus: Annotated[Span, _doc("GPUs, or a fraction, per generator replica.")] = 0.0
    retriever_cpus: Annotated[Span, _doc("CPUs reserved by a retriever replica.")] = 0.1
    retriever_gpus: Annotated[Span, _doc("GPUs, or a fraction, per retriever replica.")] = 0.0
    rails_cpus: Annotated[Span, _doc("CPUs reserved by a rails replica.")] = 0.1
    rails_gpus: Annotated[Span, _doc("GPUs, or a fraction, per rails replica.")] = 0.0
    gateway_max_ongoing: Annotated[
        Count, _doc("Open websockets and HTTP requests per gateway replica.")
    ] = 4096
    generator_max_ongoing: Annotated[
        Count, _doc("Streams per generator replica; a backstop behind admission.")
    ] = 256
    retriever_max_ongoing: Annotated[Count, _doc("Searches per retriever replica.")] = 64
    rails_max_ongoing: Annotated[Count, _doc("Checks per rails replica.")] = 256
    health_check_period_s: Annotated[
        Annotated[float, Meta(gt=0)], _doc("How often Serve asks each replica for its health.")
    ] = 10.0
    health_check_timeout_s: Annotated[
        Annotated[float, Meta(gt=0)], _doc("A health check that takes longer has failed.")
    ] = 30.0
    drain_s: Annotated[Span, _doc("A stopping replica may finish its streams for this long.")] = 60


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """What differs for one tenant; its name is the table's: `[tenants.acme]`."""

    rails: Annotated[
        dict[Literal["secrets", "pii", "toxicity", "topic", "injection"], Action],
        _doc('Actions of rails that differ from those under `[rails]`: `{pii = "block"}`.'),
    ] = {}


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All sections."""

    server: Server = Server()
    generation: Generation = Generation()
    vllm: Vllm = Vllm()
    retrieval: Retrieval = Retrieval()
    admission: Admission = Admission()
    rails: Rails = Rails()
    tenants: dict[str, Tenant] = {}
    ray: Ray = Ray()


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Defaults, then the file, then the environment, then ``overrides`` (the command line).

    Raises ``StartupFailed`` naming the file or variable and what is wrong with it.
    """
    settings = _apply(Settings(), _read(path), f"settings file {path}") if path else Settings()
    settings = _apply(settings, _from_environ(environ), "environment")
    return _apply(settings, overrides or {}, "command line")


def _apply(settings: Settings, values: Mapping[str, Any], origin: str) -> Settings:
    try:
        merged = _merge(msgspec.to_builtins(settings), values)
        # Not strict: the environment gives every value as text.
        return msgspec.convert(merged, Settings, strict=False)
    except (msgspec.ValidationError, TypeError) as error:
        raise StartupFailed(f"{origin}: {error}. Known settings: docs/settings.md") from None


def _merge(base: Mapping[str, Any], over: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(merged.get(key), Mapping):
            if not isinstance(value, Mapping):
                raise TypeError(f"`{at}{key}` is a table: [{at}{key}]")
            value = _merge(merged[key], value, f"{at}{key}.")
        merged[key] = value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StartupFailed(f"settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupFailed(f"settings file {path}: {error}") from error


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in environ.items():
        *tables, key = name.removeprefix(ENV_PREFIX).lower().split("__")
        if not name.startswith(ENV_PREFIX) or not tables:
            continue
        table = found
        for part in tables:
            table = table.setdefault(part, {})
        table[key] = value
    return found
