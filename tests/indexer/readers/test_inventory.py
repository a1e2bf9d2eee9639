"""Sphinx's inventory: symbols by page and anchor, whatever somebody put in it."""

import zlib

import pytest

from indexer.readers import inventory
from indexer.readers.page import Unreadable

HEADER = b"# Sphinx inventory version 2\n# Project: Waves\n# Version: 2.4\n# The rest is zlib.\n"
LINES = (
    b"waves.load py:function 1 library/waves.html#$ -\n"
    b"Wave_Load c:function 1 library/waves.html#c.$ -\n"
    b"loading std:label -1 library/waves.html#loading Loading files\n"
    b"not an entry\n"
)


def test_symbols_are_known_by_page_and_anchor() -> None:
    """``$`` stands for the name; labels are no symbols; damaged lines are passed over."""
    found = inventory.read(HEADER + zlib.compress(LINES))
    assert (found.project, found.version) == ("Waves", "2.4")
    assert found.of("library/waves.html") == {
        "waves.load": "waves.load",
        "c.Wave_Load": "Wave_Load",
    }
    assert found.of("other.html") == {}


def test_a_bomb_is_refused_at_the_limit() -> None:
    bomb = HEADER + zlib.compress(b"x" * 10_000_000)
    with pytest.raises(Unreadable, match="larger than 1,000,000 bytes when decompressed"):
        inventory.read(bomb, limit=1_000_000)


@pytest.mark.parametrize("data", [b"", b"words", HEADER, HEADER + b"not zlib",
                                  HEADER + zlib.compress(LINES)[:-8]])  # fmt: skip
def test_what_is_no_inventory_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        inventory.read(data)
