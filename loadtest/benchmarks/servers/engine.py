"""The one engine configuration of a comparison, in the words of everything that starts an engine.

A difference between two paths lies in the path only if both run the same engine.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The scheduler's process runs the model, too. vLLM by itself would start one more process for a
# model on a CPU. Our backend does not (backend/generators/vllm/engine.py), so no path here does.
EXECUTOR = "vllm.v1.executor.uniproc_executor.UniProcExecutor"


@dataclass(frozen=True, slots=True)
class Engine:
    """A model and how vLLM runs it.

    ``threads`` are OpenMP's. ``kv_cache_gib`` counts on a CPU only. A ``load_format`` of ``dummy``
    makes random weights of the model's size. With ``gpus`` each replica takes one GPU.
    """

    model: Path
    name: str = "tiny"
    dtype: str = "bfloat16"
    max_num_seqs: int = 64
    max_num_batched_tokens: int = 2048
    kv_cache_gib: int = 1
    threads: int = 1
    max_model_len: int = 4096
    load_format: str = "auto"
    eager: bool = True
    gpus: bool = False

    def environment(self) -> dict[str, str]:
        """The variables that vLLM reads when it is imported."""
        return {
            "OMP_NUM_THREADS": str(self.threads),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_CPU_KVCACHE_SPACE": str(self.kv_cache_gib),
            "VLLM_LOGGING_LEVEL": "WARNING",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
        }

    def arguments(self) -> dict[str, Any]:
        """For ``AsyncEngineArgs``."""
        return {
            "model": str(self.model),
            "dtype": self.dtype,
            "max_num_seqs": self.max_num_seqs,
            "max_num_batched_tokens": self.max_num_batched_tokens,
            "max_model_len": self.max_model_len,
            "load_format": self.load_format,
            "enforce_eager": self.eager,
            "enable_prefix_caching": True,
            "scheduling_policy": "priority",
            "distributed_executor_backend": EXECUTOR,
            "disable_log_stats": True,
        }

    def serve_command(self, port: int) -> list[str]:
        """``vllm serve`` at its best: one API server, no logs.

        It is started by its module, because the CPU build's ``vllm`` script fails on its version.
        """
        flags = {
            "--model": self.model,
            "--served-model-name": self.name,
            "--host": "127.0.0.1",
            "--port": port,
            "--dtype": self.dtype,
            "--max-num-seqs": self.max_num_seqs,
            "--max-num-batched-tokens": self.max_num_batched_tokens,
            "--max-model-len": self.max_model_len,
            "--load-format": self.load_format,
            "--scheduling-policy": "priority",
            "--distributed-executor-backend": EXECUTOR,
            "--uvicorn-log-level": "warning",
        }
        switches = [
            *(["--enforce-eager"] if self.eager else []),
            "--enable-prefix-caching",
            "--enable-prompt-tokens-details",
            "--disable-log-stats",
            "--disable-uvicorn-access-log",
        ]
        named = [str(word) for flag in flags.items() for word in flag]
        return [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *named, *switches]

    def settings(self) -> str:
        """Our backend's settings file. Everything else is the product's default.

        The two rails that load libraries or models are off, because no other path has guardrails
        and because one of them does nothing without weights. `glossator eval rails` times them.
        """
        return (
            "[vllm]\n"
            f'dtype = "{self.dtype}"\n'
            f"max_num_seqs = {self.max_num_seqs}\n"
            f"max_num_batched_tokens = {self.max_num_batched_tokens}\n"
            f"cpu_kvcache_gib = {self.kv_cache_gib}\n"
            f"cpu_threads = {self.threads}\n"
            f"max_model_len = {self.max_model_len}\n"
            f'load_format = "{self.load_format}"\n'
            f"enforce_eager = {str(self.eager).lower()}\n"
            "[retrieval]\n"
            "budget_ms = 10000\n"  # an answer without its passages would be another measurement
            f"embedder_threads = {self.threads}\n"
            f"[ray]\ngenerator_gpus = {float(self.gpus)}\n"
            '[rails.pii]\naction = "off"\n'
            '[rails.toxicity]\naction = "off"\n'
        )
