"""The entry point of `serve run`, `serve deploy` and KubeRay.

Their import path is ``backend.deploy.ray.serve_app:build``.

The environment of the cluster must set what `glossator serve --deploy ray` sets by itself: see
``RAY_SERVE_ENABLE_HA_PROXY`` in ``deploy/kubernetes``.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any

from backend.deploy.checks.absent import absent
from backend.deploy.ray.app import application
from backend.errors import StartupFailed
from backend.generators.choose import choose
from backend.identity.door import open_to_all
from backend.settings import load

log = logging.getLogger(__name__)


def build(arguments: dict[str, str]) -> Any:
    """A Serve application from ``config`` (settings file) and ``data`` (folder of the index).

    Both must be readable on every node. Raises ``StartupFailed``.
    """
    if not arguments.get("data"):
        raise StartupFailed(
            "`data`, the folder of the index, is missing in the application's args."
        )
    config = arguments.get("config")
    settings = load(Path(config) if config else None)
    if warning := open_to_all(settings, "the cluster's address"):
        log.warning("%s", warning)
    for missing in absent(settings):
        log.warning("%s", missing)
    choice = asyncio.run(choose(settings.generation))
    return application(settings, Path(arguments["data"]), choice)
