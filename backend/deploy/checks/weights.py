"""The generator: which engine answers, and whether its weights or its upstream are there."""

import importlib.util
import json
import math
import struct
from pathlib import Path

from msgspec import Struct

from backend.deploy.checks.finding import Finding, of_message, ok, warning, wrong
from backend.errors import GlossatorError, StartupFailed
from backend.generators.choose import Choice, downloadable
from backend.generators.vllm.startup import local_folder
from backend.settings import Settings

_WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt")
_MOST_HEADER = 100_000_000  # bytes of a header of tensors; the format allows no more


class Weights(Struct, frozen=True):
    """How large a model's files are, and how many numbers are in them (0 if nobody knows)."""

    size: int = 0
    parameters: int = 0


async def generator(choice: Choice, settings: Settings) -> Finding:
    """Whether this choice can answer, as far as it can be told without starting an engine."""
    if choice.engine == "openai":
        return await _upstream(settings)
    if choice.engine == "extractive":
        if settings.generation.engine == "extractive":
            return ok("generator", "Answers are quotations, without a model.")
        return warning(
            "generator",
            f"Answers are quotations, because {choice.why}.",
            "Name a model with [generation] model, or a server that has one with `upstream`.",
        )
    if choice.engine == "vllm" and importlib.util.find_spec("vllm") is None:
        return wrong(
            "generator",
            "vLLM is not installed.",
            "Install `glossator[serve,cpu]`, or [serve,cuda] on a machine with an NVIDIA GPU.",
        )
    try:
        local = local_folder(choice.model)
    except StartupFailed as error:
        return of_message("generator", error.message, "Correct [generation] model.")
    found = weights(choice.model)
    if local and not found.size and settings.vllm.load_format != "dummy":
        return wrong(
            "generator",
            f"{choice.model} has a configuration and no weights.",
            "Complete the download, or name another folder in [generation] model.",
        )
    if not local and not found.size:
        if not await downloadable(choice.model, settings.generation.hub_timeout_s):
            return wrong(
                "generator",
                f"{choice.model} is not on this machine, and the model hub does not give it.",
                "Check the name, let this machine reach the hub, or name a folder in "
                "[generation] model.",
            )
        return warning(
            "generator",
            f"{choice.model} is not on this machine, so the start downloads it.",
            "Download it before, or put it into a folder and name that in [generation] model.",
        )
    longest, wanted = _context(choice.model), settings.vllm.max_model_len
    if choice.engine == "vllm" and 0 < longest < wanted:
        return wrong(
            "generator",
            f"{choice.model} reads at most {longest} tokens, and [vllm] max_model_len is {wanted}.",
            f"Set [vllm] max_model_len to {longest} or less.",
        )
    return ok("generator", f"{choice.engine} with {choice.model}, {found.size / 2**30:.1f} GiB.")


async def _upstream(settings: Settings) -> Finding:
    from backend.generators.openai_upstream import OpenAIGenerator

    try:
        upstream = await OpenAIGenerator.start(settings.generation)
        try:
            await upstream.check()
        finally:
            await upstream.close()
    except GlossatorError as error:
        return of_message("generator", error.message, "Correct [generation] upstream.")
    return ok("generator", f"{settings.generation.upstream} answers, with {upstream.model}.")


def weights(model: str) -> Weights:
    """What is on this machine of a model, which is a folder or a hub name."""
    folder = _folder(model)
    if folder is None:
        return Weights()
    try:
        files = [each for each in folder.iterdir() if each.suffix in _WEIGHTS and each.is_file()]
    except OSError:  # a folder that this user may not read
        return Weights()
    # Some models come in two formats, of which one is loaded.
    tensors = [each for each in files if each.suffix == ".safetensors"] or files
    return Weights(
        sum(each.stat().st_size for each in tensors),
        sum(_parameters(each) for each in tensors if each.suffix == ".safetensors"),
    )


def _context(model: str) -> int:
    """How many tokens the model reads at most; 0 if nobody knows, or if it can be stretched."""
    folder = _folder(model)
    try:
        told = json.loads((folder / "config.json").read_text("utf-8")) if folder else {}
        return 0 if told.get("rope_scaling") else int(told.get("max_position_embeddings", 0))
    except (OSError, ValueError, TypeError, AttributeError):
        return 0


def _folder(model: str) -> Path | None:
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        return None
    return Path(cached).parent if isinstance(cached, str) else None


def _parameters(file: Path) -> int:
    """Counts the numbers in a file of tensors by its header; 0 if it has none that can be read."""
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            header = json.loads(opened.read(length)) if length <= _MOST_HEADER else {}
        return sum(
            math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"
        )
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError):
        return 0
