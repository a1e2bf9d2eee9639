"""Which process CPU time is put down to."""

import os
import sys
import time

import pytest

from loadtest.benchmarks.serving.processes import name, spent
from loadtest.experiments.machine import Meter


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ray::ServeReplica:glossator:rail.check"], "ray::ServeReplica:glossator:rail"),
        (["/opt/python3.11", "-m", "glossator", "serve"], "glossator"),
        (["python", "-u", "/lib/ray/_private/log_monitor.py", "--x"], "log_monitor.py"),
        (["/lib/ray/core/src/ray/raylet/raylet", "--x"], "raylet"),
        (["python"], "python"),
    ],
)
def test_a_process_is_named_for_what_it_is(arguments, expected) -> None:
    assert name(arguments) == expected


def test_this_process_has_spent_something() -> None:
    meter = Meter()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert spent(meter, os.getpid())[name([sys.executable, *sys.orig_argv[1:]])] > 0
