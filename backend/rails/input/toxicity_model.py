"""Detoxify behind a small interface. Only this file imports it, and so torch.

Importing this module is cheap, but ``load`` takes seconds and belongs on a thread. A checkpoint is
a pickle, so load only those that you trust.
"""

import math
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.errors import Unavailable

LIMIT = 512  # tokens that the published checkpoints read; they silently drop the rest
OVERLAP = 64  # tokens that neighbouring windows share
_REACH_S = 4.0
# File names of detoxify's releases (detoxify.MODEL_URLS), which show a cached download.
_DOWNLOADS = {
    "original": "toxic_original-c1212f89.ckpt",
    "unbiased": "toxic_debiased-c7548aa0.ckpt",
    "multilingual": "multilingual_debiased-0b549669.ckpt",
    "original-small": "original-albert-0e1d6498.ckpt",
    "unbiased-small": "unbiased-albert-c8519128.ckpt",
}
_HOSTS = ("github.com", "huggingface.co")  # the weights; their tokenizer
_ADVICE = (
    "Set rails.toxicity.model to a detoxify checkpoint file and rails.toxicity.model_config to the "
    "folder with its tokenizer and configuration (docs/guardrails.md), or turn the rail off"
)


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens that are judged together, and the half-open range of their characters."""

    tokens: tuple[int, ...]
    start: int
    end: int


class ToxicityModel:
    """A loaded checkpoint. ``windows`` and ``scores`` may each run on its own thread."""

    def __init__(self, detoxify: Any) -> None:
        self._tokenizer = detoxify.tokenizer
        self._model = detoxify.model.eval().requires_grad_(False)
        self._device = detoxify.device
        self.classes: tuple[str, ...] = tuple(detoxify.class_names)
        # RoBERTa's positions begin after the padding id.
        reserved = 2 if "roberta" in self._model.config.model_type else 0
        self._limit = min(LIMIT, self._model.config.max_position_embeddings - reserved)

    @classmethod
    def load(cls, model: str, config: str, device: str) -> "ToxicityModel":
        """Raises ``Unavailable`` within seconds if there are no weights, and says what to do."""
        arguments = _arguments(model, config)
        try:
            import detoxify.detoxify as library  # type: ignore[import-untyped]
        except ImportError as error:
            raise Unavailable(
                "detoxify is not installed: pip install 'glossator[serve]'"
            ) from error
        bars = library.transformers.utils.logging
        shown = bars.is_progress_bar_enabled()
        bars.disable_progress_bar()
        try:
            return cls(library.Detoxify(**arguments, device=device))
        except Exception as error:
            why = str(error).strip().split("\n")[0] or type(error).__name__
            raise Unavailable(f"detoxify could not load {model!r} ({why}). {_ADVICE}") from error
        finally:
            if shown:
                bars.enable_progress_bar()

    def windows(self, text: str) -> list[Window]:
        """The whole text, in windows within the model's limit that overlap by ``OVERLAP``."""
        encoded = self._tokenizer(
            [text.encode("utf-8", "replace").decode()],
            truncation=True,
            max_length=self._limit,
            stride=OVERLAP,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        found = []
        for tokens, offsets in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
            spans = [span for span in offsets if span[1] > span[0]]
            if spans:
                found.append(Window(tuple(tokens), spans[0][0], spans[-1][1]))
        return found

    def scores(self, windows: Sequence[Window]) -> list[dict[str, float]]:
        """The probability of each class, per window. One forward pass, padded to the longest."""
        inputs = self._tokenizer.pad(
            {"input_ids": [list(window.tokens) for window in windows]}, return_tensors="pt"
        ).to(self._device)
        logits = self._model(**inputs)[0].float().cpu().tolist()
        return [
            {
                name: 1 / (1 + math.exp(-logit))
                for name, logit in zip(self.classes, row, strict=False)
            }
            for row in logits
        ]


def _arguments(model: str, config: str) -> dict[str, Any]:
    """Detoxify's arguments, after checking that it will not hang or ask a hub in vain."""
    if config and not Path(config).expanduser().is_dir():
        raise Unavailable(f"no detoxify weights: there is no folder {config}. {_ADVICE}")
    folder = str(Path(config).expanduser()) if config else None
    if model not in _DOWNLOADS:
        file = Path(model).expanduser()
        if not file.is_file():
            raise Unavailable(f"no detoxify weights: there is no checkpoint {model}. {_ADVICE}")
        return {"checkpoint": str(file), "huggingface_config_path": folder}
    if not (_hub_folder() / "checkpoints" / _DOWNLOADS[model]).is_file():
        _reach(model)
    return {"model_type": model, "huggingface_config_path": folder}


def _hub_folder() -> Path:
    """Where ``torch.hub`` keeps downloads, by its documented rules. Does not import torch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Path(os.environ.get("TORCH_HOME") or cache / "torch").expanduser() / "hub"


def _reach(model: str) -> None:
    """Raises ``Unavailable`` unless the hosts answer, because a download would hang or retry."""
    absent = f"no detoxify weights: {model!r} is not cached on this machine"
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise Unavailable(f"{absent} and HF_HUB_OFFLINE forbids a download. {_ADVICE}")
    for host in _HOSTS:
        try:
            socket.create_connection((host, 443), timeout=_REACH_S).close()
        except OSError as error:
            raise Unavailable(
                f"{absent} and {host} does not answer ({error}). {_ADVICE}"
            ) from error
