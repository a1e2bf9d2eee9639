"""How vLLM is started: its model, environment and arguments, and why it did not start."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import StartupFailed
from backend.generators.vllm import leak_report
from backend.generators.vllm.dtype import cpu_abilities, dtype
from backend.settings import Vllm

if TYPE_CHECKING:
    from vllm.engine.arg_utils import AsyncEngineArgs

log = logging.getLogger(__name__)


def local_folder(model: str) -> bool:
    """Whether ``model`` is a folder, not a hub name. Raises ``StartupFailed`` for a broken one."""
    if not model:
        raise StartupFailed("vLLM needs a model: --model FOLDER_OR_HUB_NAME.")
    path = Path(model).expanduser()
    if (path / "config.json").is_file():
        return True
    if path.exists():
        raise StartupFailed(f"{path} is not a model: it has no config.json.")
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise StartupFailed(
            f"There is no model folder {model!r}. Give a folder in Hugging Face format, or a hub "
            "name such as Qwen/Qwen2.5-Coder-0.5B-Instruct."
        )
    return False


def import_vllm(settings: Vllm) -> None:
    """Imports vLLM, which reads the environment then and hands it to its processes.

    By default it is quiet and sends nothing anywhere; variables that the user has set stay. Raises
    ``StartupFailed`` when vLLM is not installed.
    """
    defaults = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_LOGGING_LEVEL": "WARNING",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                "OTEL_SERVICE_NAME": "glossator"}  # fmt: skip
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(settings.cpu_kvcache_gib)
    if settings.cpu_threads:
        os.environ["OMP_NUM_THREADS"] = str(settings.cpu_threads)
        os.environ["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
    leak_report.hide()
    try:
        import vllm.v1.engine.async_llm  # noqa: F401
    except ImportError as error:
        raise StartupFailed(
            f"vLLM cannot be imported ({error}). Install `glossator[serve,cpu]`, or "
            "`glossator[serve,cuda]` on a machine with an NVIDIA GPU."
        ) from error


def engine_args(model: str, settings: Vllm, traces: str = "") -> "AsyncEngineArgs":
    """The arguments of the engine. ``docs/tuning.md`` gives the reason for each value."""
    from vllm.engine.arg_utils import AsyncEngineArgs

    return AsyncEngineArgs(
        model=model,
        dtype=_dtype(settings),
        quantization=settings.quantization or None,
        load_format=settings.load_format,
        tensor_parallel_size=settings.tensor_parallel,
        max_model_len=settings.max_model_len or None,
        max_num_seqs=settings.max_num_seqs,
        max_num_batched_tokens=settings.max_num_batched_tokens or None,
        enable_chunked_prefill={"auto": None, "on": True, "off": False}[settings.chunked_prefill],
        gpu_memory_utilization=settings.gpu_memory_utilization,
        kv_cache_memory_bytes=int(settings.kv_cache_gib * 2**30) or None,
        kv_cache_dtype=settings.kv_cache_dtype,
        speculative_config=_speculation(settings),
        enforce_eager=settings.enforce_eager,
        scheduling_policy=settings.scheduling,
        enable_prefix_caching=True,
        distributed_executor_backend=_executor(settings),
        enable_log_requests=False,
        otlp_traces_endpoint=traces or None,
        disable_log_stats=True,  # turns off its own loggers; ours is given
    )


def _dtype(settings: Vllm) -> Any:
    from vllm.platforms import current_platform

    on_cpu = current_platform.is_cpu()
    chosen, why = dtype(settings.dtype, on_cpu=on_cpu, abilities=cpu_abilities())
    if why:
        log.warning("The weights are %s: %s.", chosen, why)
    return chosen


def _speculation(settings: Vllm) -> dict[str, Any] | None:
    """Prompt lookup decoding (Saxena 2023), because a rewrite mostly repeats its input."""
    if not settings.ngram_tokens:
        return None
    return {
        "method": "ngram",
        "num_speculative_tokens": settings.ngram_tokens,
        "prompt_lookup_min": settings.ngram_match,
        "prompt_lookup_max": settings.ngram_match,
    }


def _executor(settings: Vllm) -> Any:
    """Runs a CPU model in the scheduler's process, where vLLM would start one more.

    vLLM starts one to bind OpenMP's threads, but ``cpu_threads`` has set those in the environment.
    One hop less per step gives one user 10% more tokens/s, and the start is seconds shorter.
    """
    from vllm.platforms import current_platform

    if not settings.cpu_threads or not current_platform.is_cpu():
        return None
    from vllm.v1.executor.uniproc_executor import UniProcExecutor

    return UniProcExecutor


def startup_message(model: str, local: bool, error: Exception) -> str:
    # Pydantic checks the configuration, and its first line only counts the errors.
    complaints = error.errors() if hasattr(error, "errors") else []
    reason = complaints[0]["msg"] if complaints else str(error) or type(error).__name__
    advice = (
        "Its log, above, has the details; VLLM_LOGGING_LEVEL=INFO says more."
        if local
        else "Check the name, and that this machine reaches the model hub; or give a local folder."
    )
    return f"vLLM cannot serve {model}: {reason.strip().splitlines()[0].rstrip('.')}. {advice}"
