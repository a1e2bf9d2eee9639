"""What a measurement says about its machine."""

import os
import subprocess
import sys
import time

from loadtest.experiments import machine


def test_it_is_described() -> None:
    described = machine.describe()
    assert described.cpu
    assert described.cores >= 1
    assert described.versions["glossator"]


def test_the_machine_is_at_least_as_busy_as_this_loop() -> None:
    meter = machine.Meter()
    _spin(0.3)
    assert meter.machine_s() >= 0.25
    assert meter.elapsed_s() >= 0.3


def test_a_tree_has_the_time_of_its_descendants() -> None:
    """The child sleeps while the grandchild works; both are asked for what they have spent."""
    grandchild = "import time\nwhile time.process_time() < 0.4: pass\nprint(flush=True); input()"
    child = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {grandchild!r}])"
    meter = machine.Meter()
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 0.3 < meter.tree_s(process.pid) <= meter.tree_s(os.getpid())
        process.communicate(b"\n")


def test_a_process_that_is_not_there_has_spent_nothing() -> None:
    assert machine.Meter().tree_s(2**22 + 1) == 0


def _spin(cpu_s: float) -> None:
    until = time.process_time() + cpu_s
    while time.process_time() < until:
        pass
