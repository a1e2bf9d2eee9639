"""Attacks are as large as the protocol allows, and each is what its description says."""

import itertools
import json

import pytest

from loadtest.benchmarks.drivers.attacks import ATTACKS, FRAME_BYTES

MALFORMED = {"nested", "garbage", "too-large"}
FRAMES = {name: attack for name, attack in ATTACKS.items() if attack.frames is not None}


@pytest.mark.parametrize("name", FRAMES)
def test_an_attack_fits_a_frame_and_gives_each_request_an_id_of_its_own(name):
    first, second = itertools.islice(FRAMES[name].frames(), 2)
    if name in MALFORMED:
        assert len(first) > 100_000
        return
    assert len(first.encode()) <= FRAME_BYTES
    assert json.loads(first)["id"] != json.loads(second)["id"]


def test_only_the_frame_that_is_too_large_is_over_the_limit():
    over = [name for name, attack in FRAMES.items() if len(next(attack.frames())) > FRAME_BYTES]
    assert over == ["too-large"]
