"""A real detoxify checkpoint, made on the spot."""

from pathlib import Path

import pytest

from loadtest.benchmarks.models import tiny_toxicity as recipe


@pytest.fixture(scope="session")
def toxicity_checkpoint() -> recipe.Checkpoint:
    """Its ``file`` and ``config`` folder; it knows a few words only. Made once and kept."""
    return recipe.make(Path(__file__).parents[3] / ".models" / "toxicity")
