"""Decides which generator `auto` means on this machine, in seconds, even without a network."""

import asyncio
import importlib.util
from dataclasses import dataclass
from typing import Literal

from backend.errors import StartupFailed
from backend.settings import Generation

Engine = Literal["vllm", "openai", "transformers", "extractive"]


@dataclass(frozen=True, slots=True)
class Choice:
    """``why`` is a sentence for the user."""

    engine: Engine
    model: str
    why: str


async def choose(generation: Generation) -> Choice:
    """Raises ``StartupFailed`` when an engine was named, but not what it needs."""
    if generation.engine == "auto":
        return await _automatic(generation)
    if generation.engine == "openai" and not generation.upstream:
        raise StartupFailed(
            "The engine `openai` needs an upstream: --upstream http://HOST:PORT/v1 "
            "(or [generation] upstream in the settings)."
        )
    if generation.engine in ("vllm", "transformers") and not generation.model:
        raise StartupFailed(
            f"The engine `{generation.engine}` needs a model: --model FOLDER_OR_HUB_NAME."
        )
    return Choice(generation.engine, generation.model, "as configured")


async def _automatic(generation: Generation) -> Choice:
    if generation.upstream:
        return Choice("openai", generation.model, f"the upstream {generation.upstream} is set")
    if generation.model:
        return Choice("vllm", generation.model, "a model is set")
    model = generation.default_model
    if importlib.util.find_spec("vllm") is None:
        return Choice("extractive", "", "vLLM is not installed")
    if await asyncio.to_thread(_cached, model):
        return Choice("vllm", model, f"{model} is in the local cache")
    if await downloadable(model, generation.hub_timeout_s):
        return Choice("vllm", model, f"{model} can be downloaded")
    return Choice(
        "extractive", "", f"no model is configured, and {model} is neither cached nor reachable"
    )


def _cached(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(model, "config.json"), str)


async def downloadable(model: str, timeout_s: float) -> bool:
    """Whether the hub answers in time. The look-up may hang longer, but nobody waits for it."""
    from huggingface_hub import HfApi

    def ask() -> bool:
        try:
            HfApi().model_info(model, timeout=timeout_s)
        except Exception:
            # The errors of the hub, of its HTTP library and of the system all mean "not now".
            return False
        return True

    try:
        return await asyncio.wait_for(asyncio.to_thread(ask), timeout_s)
    except TimeoutError:
        return False
