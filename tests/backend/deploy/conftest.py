"""The deployments of a Serve application as Serve would make them, without a cluster."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ray.serve._private.build_app import build_app

from backend import settings
from backend.deploy.ray.app import application
from backend.generators.choose import Choice

Deployments = Callable[[Mapping[str, Any]], dict[str, Any]]


@pytest.fixture
def deployments() -> Deployments:
    """By name, for settings that differ from the defaults in what is given."""

    def build(given: Mapping[str, Any]) -> dict[str, Any]:
        loaded = settings.load(environ={}, overrides=given)
        bound = application(loaded, Path("data"), Choice("extractive", "", ""))
        built = build_app(bound, name="glossator", default_runtime_env={})
        return {deployment.name: deployment for deployment in built.deployments}

    return build
