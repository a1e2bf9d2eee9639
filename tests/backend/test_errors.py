"""The error tree covers the protocol's codes and crosses process boundaries."""

import pickle
from typing import get_args

import pytest

from backend import errors
from backend.protocol import wire


def test_every_code_of_the_protocol_has_an_error_and_a_status():
    assert set(errors.STATUS) == set(get_args(wire.Code))


def test_a_code_has_the_status_of_the_error_that_brought_it():
    assert errors.STATUS["internal"] == 500
    assert errors.STATUS["bad_frame"] == 400
    assert errors.STATUS["too_large"] == 413


@pytest.mark.parametrize("kind", errors.tree())
def test_an_error_is_the_same_on_the_other_side_of_a_process_boundary(kind):
    there = pickle.loads(pickle.dumps(kind("why", retry_after_ms=5)))
    assert (type(there), there.message, there.retry_after_ms, str(there)) == (kind, "why", 5, "why")
