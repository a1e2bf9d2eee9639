"""Every setting, with its default and its meaning; read from one TOML file and the environment.

``GLOSSATOR_SERVER__PORT=9000`` overrides ``[server] port``. Settings are frozen; an unknown
name is an error that lists the known ones. ``docs/settings.md`` is generated from this file.
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
            "After the first delta, which leaves at once, gather deltas for this long: fewer, "
            "larger messages on every hop."
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


class Rails(Struct, frozen=True, forbid_unknown_fields=True):
    """Guardrails on questions and answers."""

    secrets: Annotated[
        Literal["off", "redact", "block"],
        _doc("Keys and tokens of common providers, in questions, code and answers."),
    ] = "redact"
    budget_ms: Annotated[Span, _doc("A rail later than this has failed.")] = 1000.0


class Ray(Struct, frozen=True, forbid_unknown_fields=True):
    """Deployments on Ray Serve (`--deploy ray`)."""

    address: Annotated[str, _doc("Ray cluster to join; empty starts one on this machine.")] = ""
    gateway_replicas: Annotated[Count, _doc("Replicas of the gateway.")] = 1
    generator_replicas: Annotated[Count, _doc("Replicas of the generator.")] = 1
    retriever_replicas: Annotated[Count, _doc("Replicas of the retriever.")] = 1
    rails_replicas: Annotated[Count, _doc("Replicas of the rails.")] = 1
    gateway_cpus: Annotated[Span, _doc("CPUs reserved by a gateway replica.")] = 0.1
    generator_cpus: Annotated[Span, _doc("CPUs reserved by a generator replica.")] = 0.1
    generator_gpus: Annotated[Span, _doc("GPUs, or a fraction, per generator replica.")] = 0.0
    retriever_cpus: Annotated[Span, _doc("CPUs reserved by a retriever replica.")] = 0.1
    retriever_gpus: Annotated[Span, _doc("GPUs, or a fraction, per retriever replica.")] = 0.0
    rails_cpus: Annotated[Span, _doc("CPUs reserved by a rails replica.")] = 0.1
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


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All sections."""

    server: Server = Server()
    generation: Generation = Generation()
    vllm: Vllm = Vllm()
    retrieval: Retrieval = Retrieval()
    admission: Admission = Admission()
    rails: Rails = Rails()
    ray: Ray = Ray()


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Defaults, then the file, then the environment, then ``overrides`` (the command line).

    Raises ``StartupFailed`` naming the file or variable and what is wrong with it.
    """
    settings = _apply(Settings(), _read(path), f"settings file {path}") if path else Settings()
    settings = _apply(settings, _from_environ(environ), "environment")
    return _apply(settings, overrides or {}, "command line")


def _apply(settings: Settings, values: Mapping[str, Mapping[str, Any]], origin: str) -> Settings:
    merged: dict[str, Any] = msgspec.to_builtins(settings)
    for section, fields in values.items():
        if not isinstance(fields, Mapping):
            raise StartupFailed(f"{origin}: `{section}` must be a table, as in [{section}]")
        merged.setdefault(section, {}).update(fields)
    try:
        # Not strict: the environment gives every value as text.
        return msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise StartupFailed(f"{origin}: {error}. Known settings: docs/settings.md") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StartupFailed(f"settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupFailed(f"settings file {path}: {error}") from error


def _from_environ(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, value in environ.items():
        section, separator, key = name.removeprefix(ENV_PREFIX).partition("__")
        if name.startswith(ENV_PREFIX) and separator:
            found.setdefault(section.lower(), {})[key.lower()] = value
    return found


def reference() -> str:
    """``docs/settings.md``: every setting with its type, default, environment name and meaning."""
    lines = [
        "# Settings",
        "",
        "One TOML file, given with `--config`; the environment overrides it, the command line"
        " overrides both. Generated by `python -m backend.settings`.",
    ]
    for section in msgspec.structs.fields(Settings):
        lines += ["", f"## [{section.name}]", "", section.type.__doc__ or "", ""]
        lines += ["| setting | default | environment | meaning |", "| --- | --- | --- | --- |"]
        for field in msgspec.structs.fields(section.type):
            default = msgspec.json.encode(field.default).decode()
            variable = f"{ENV_PREFIX}{section.name}__{field.name}".upper()
            lines.append(f"| `{field.name}` | `{default}` | `{variable}` | {description(field)} |")
    return "\n".join(lines) + "\n"


def description(field: msgspec.structs.FieldInfo) -> str:
    """What the field's ``Meta`` says it means; empty when it was left undocumented."""
    info = msgspec.inspect.type_info(field.type)
    extra = getattr(info, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


if __name__ == "__main__":
    print(reference(), end="")
