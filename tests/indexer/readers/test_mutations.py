"""A damaged or hostile file gives pages or a reason, never an exception, whatever its format.

``python -m loadtest.benchmarks.abuse.documents`` does the same for thousands of files.
"""

import random

import pytest

from indexer.readers import formats
from indexer.readers.page import Unreadable
from loadtest.benchmarks.abuse.documents import APART, SEEDS, mutated, office, outcome


@pytest.mark.parametrize("name", SEEDS)
def test_a_mutated_file_is_read_or_left_out(name: str) -> None:
    chance = random.Random(name)
    for _ in range(200):
        outcome(name, mutated(SEEDS[name], chance, most=20))


def test_a_file_without_damage_is_read() -> None:
    for name, data in (SEEDS | office()).items():
        assert outcome(name, data) == "read", name


@pytest.mark.parametrize("name", APART)
def test_what_a_library_raises_becomes_a_reason(name: str) -> None:
    """In the process of its own."""
    seed = (SEEDS | office())[name]
    damaged = seed[: len(seed) // 2] + b"\0" * 50 + seed[len(seed) // 2 :]
    with pytest.raises(Unreadable):
        formats.read(name, damaged[: len(damaged) * 3 // 4])
