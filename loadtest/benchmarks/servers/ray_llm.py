"""`ray.serve.llm`'s OpenAI app, as a server to compare with. It runs until it is stopped.

``app`` is what ``build_openai_app`` makes, in which requests pass an ingress deployment. With
``direct`` streaming the proxy sends requests straight to the engine's replica. Both get what our
own deployment gets, HAProxy in front and Serve's throughput options, because they are slower
without these.

On a CPU its engine runs the model in one more process than ours, because it allows no other
executor.
"""

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from backend.deploy.ray.environment import tuned
from loadtest.benchmarks.command import Study
from loadtest.benchmarks.servers.engine import Engine

ONGOING = 256  # requests per replica; the default of 100 would also do for 50 users


def _tune(folder: Path, mode: str) -> None:
    """Serve reads these on import."""
    os.environ |= tuned(folder) | {
        "RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING": "1" if mode == "direct" else "0",
        "RAYLLM_ENABLE_REQUEST_PROMPT_LOGS": "0",
    }


def _config(engine: Engine) -> dict[str, Any]:
    """The engine that all paths run, in the words of ``LLMConfig``."""
    from vllm.platforms import current_platform

    arguments = engine.arguments()
    source = arguments.pop("model")
    # LLMConfig chooses the executor itself, and refuses another.
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

    # Ray believes in more CPUs than there are, so that reservations keep nothing from starting.
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
    study = Study(__spec__, __doc__)
    study.add_argument("mode", choices=["app", "direct"])
    study.add_argument("model", type=Path)
    study.add_argument("--load-format", default="auto")
    study.add_argument("--graphs", action="store_true", help="compile the model, as suits a GPU")
    study.add_argument("--port", type=int, required=True)
    arguments = study.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="ray-llm-") as folder:
        _tune(Path(folder), arguments.mode)
        engine = Engine(
            arguments.model, load_format=arguments.load_format, eager=not arguments.graphs
        )
        _serve(engine, arguments.port)


if __name__ == "__main__":
    main()
