"""`ray.serve.llm`'s OpenAI app as a server to compare with, until it is stopped.

``app`` is what ``build_openai_app`` makes: requests pass an ingress deployment. With ``direct``
streaming they reach the engine's replica straight from the proxy. Both get what our own deployment
gets: HAProxy in front, and Serve's throughput options; without those they are slower.

On a CPU its engine runs the model in one process more than ours: it allows no other executor.
"""

import argparse
import logging
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from loadtest.benchmarks.servers.engine import Engine

ONGOING = 256  # requests per replica; its default of 100 would do for 50 users, too


def _tune(folder: Path, mode: str) -> None:
    """Read when Serve is imported; ports and sockets of its own, beside other clusters."""
    os.environ |= {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(_free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(_free_port()),
        "RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING": "1" if mode == "direct" else "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAYLLM_ENABLE_REQUEST_PROMPT_LOGS": "0",
        # Its own handler for SIGTERM ends the process before the cluster can be stopped.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        "RAY_worker_niceness": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _config(engine: Engine) -> dict[str, Any]:
    """The same engine as everybody's, in the words of ``LLMConfig``."""
    from vllm.platforms import current_platform

    arguments = engine.arguments()
    source = arguments.pop("model")
    # It sets its own, and refuses another.
    del arguments["distributed_executor_backend"]
    return {
        "model_loading_config": {"model_id": engine.name, "model_source": source},
        "engine_kwargs": {**arguments, "enable_prompt_tokens_details": True},
        "accelerator_config": {"kind": "cpu" if current_platform.is_cpu() else "gpu"},
        "deployment_config": {"num_replicas": 1, "max_ongoing_requests": ONGOING},
        "log_engine_metrics": False,
    }


def _serve(engine: Engine, port: int) -> None:
    import ray
    from ray import serve
    from ray.serve.config import HTTPOptions
    from ray.serve.llm import LLMConfig, build_openai_app

    # More logical CPUs than there are: reservations must not keep anything from starting here.
    ray.init(address="local", include_dashboard=False, log_to_driver=False, num_cpus=32)
    try:
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        serve.start(http_options=HTTPOptions(host="127.0.0.1", port=port))
        config = LLMConfig(**_config(engine))
        ingress = {"num_replicas": 1, "max_ongoing_requests": ONGOING}
        built = {"llm_configs": [config], "ingress_deployment_config": ingress}
        if os.environ["RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING"] == "1":
            del built["ingress_deployment_config"]
        serve.run(build_openai_app(built), name="llm", route_prefix="/")
        print(f"ray.serve.llm serves at http://127.0.0.1:{port}, until it is stopped.", flush=True)
        signal.pause()  # whichever signal comes ends the program through here
    finally:
        serve.shutdown()
        ray.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.servers.ray_llm", description=__doc__
    )
    parser.add_argument("mode", choices=["app", "direct"])
    parser.add_argument("model", type=Path)
    parser.add_argument("--load-format", default="auto")
    parser.add_argument("--graphs", action="store_true", help="compile, as a GPU wants it")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="ray-llm-") as folder:
        _tune(Path(folder), arguments.mode)
        engine = Engine(
            arguments.model, load_format=arguments.load_format, eager=not arguments.graphs
        )
        _serve(engine, arguments.port)


if __name__ == "__main__":
    main()
