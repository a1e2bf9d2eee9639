"""The machine: processor, graphics cards, memory, disk, and how many files may be open."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import psutil
from msgspec import Struct

from backend.deploy.checks.finding import Finding, ok, warning, wrong
from backend.device import device
from backend.settings import Settings

GIB = 2**30
ENGINES = ("vllm", "transformers")  # engines that compute on this machine
_OURS_GIB = 3.0  # embedder, rails, gateway and the libraries of an engine
_FEW_FILES = 4096  # an editor keeps one connection open
_LITTLE_GIB = 2.0  # of disk, for an index that grows and for logs
_NOTHING_GIB = 0.25
_PROBE = 65_536  # bytes


def processor(engine: str, abilities: Collection[str], cores: int) -> Finding:
    """``abilities`` are the processor's flags, and none when nobody knows them."""
    has = [
        name
        for name, flags in (
            ("AMX bf16", {"amx_bf16"}),
            ("AVX-512 bf16", {"avx512_bf16"}),
            ("AVX-512", {"avx512f"}),
            ("AVX2", {"avx2"}),
            ("bf16", {"bf16"}),
        )
        if flags & set(abilities)
    ]
    said = f"{cores} cores with {', '.join(has) or 'no vector instructions that are known here'}"
    if engine not in ENGINES or device("auto") != "cpu" or not abilities:
        return ok("processor", f"{said}.")
    if not {"amx_bf16", "avx512_bf16", "bf16"} & set(abilities):
        return warning(
            "processor",
            f"{said}, but none for bfloat16, so weights become float32 and take twice the memory.",
            "Plan for that memory, or let an upstream such as llama.cpp answer.",
        )
    return ok("processor", f"{said}.")


class Card(Struct, frozen=True):
    """A graphics card, as `nvidia-smi` lists it."""

    name: str
    total_gib: float
    free_gib: float


def cards() -> list[Card]:
    """The NVIDIA cards of this machine; none where the driver does not tell."""
    asked = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free",
             "--format=csv,noheader,nounits"]  # fmt: skip
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    found = []
    for row in told.splitlines():
        name, *sizes = [cell.strip() for cell in row.split(",")]
        if len(sizes) == 2 and all(size.isdigit() for size in sizes):
            found.append(Card(name, int(sizes[0]) / 1024, int(sizes[1]) / 1024))
    return found


def graphics(
    settings: Settings, engine: str, found: Sequence[Card], *, usable: bool, weights: int
) -> Finding:
    """``usable`` says whether PyTorch sees a card, and ``weights`` how many bytes the model has."""
    if found and not usable:
        return wrong(
            "gpu",
            f"There is a GPU ({found[0].name}), but the installed PyTorch cannot use it.",
            "Install `glossator[serve,cuda]` in place of [serve,cpu], or mend the driver.",
        )
    if not found and not usable:
        return _without(settings, engine)
    if not found:
        return ok("gpu", "PyTorch sees a GPU.")
    card = found[0]
    said = f"{len(found)} GPU{'s' if len(found) > 1 else ''}: {card.name}, {card.total_gib:.0f} GiB"
    if engine != "vllm":
        return ok("gpu", f"{said}.")
    wanted = settings.vllm.gpu_memory_utilization * card.total_gib
    if weights / GIB / settings.vllm.tensor_parallel > wanted:
        return wrong(
            "gpu",
            f"{said}. The weights have {weights / GIB:.0f} GiB and do not fit.",
            "Take a smaller or a quantized model, or more GPUs for one: [vllm] tensor_parallel.",
        )
    if card.free_gib < wanted:
        return wrong(
            "gpu",
            f"{said}, of which {card.free_gib:.0f} are free; the engine takes {wanted:.0f}.",
            "End what uses it (`nvidia-smi` lists it), or lower [vllm] gpu_memory_utilization.",
        )
    return ok("gpu", f"{said}, {card.free_gib:.0f} free.")


def _without(settings: Settings, engine: str) -> Finding:
    named = [
        name
        for name, wanted in (
            ("retrieval", settings.retrieval.device),
            ("rails.toxicity", settings.rails.toxicity.device),
            ("rails.pii", settings.rails.pii.device if settings.rails.pii.names != "none" else ""),
        )
        if wanted.startswith("cuda")
    ]
    if named:
        tables = " and ".join(f"[{name}]" for name in named)
        return wrong("gpu", f"There is no GPU here, but {tables} asks for one.",
                     'Set its `device` to "auto" or "cpu".')  # fmt: skip
    if settings.profile.name == "cluster" or (settings.ray.generator_gpus and settings.ray.address):
        return warning("gpu", "There is no GPU here, and the engines need one each.",
                       "Run this on a node with a GPU too.")  # fmt: skip
    if settings.profile.name == "one-gpu" and engine in ENGINES:
        return wrong(
            "gpu",
            "There is no GPU here, and the profile one-gpu is for a machine with one.",
            "Serve on a machine with a GPU, set [generation] upstream, or take the profile "
            "laptop-cpu with a model of about 0.5B.",
        )
    return ok("gpu", "There is no GPU; the processor does everything.")


def memory(needed: int, total: int, available: int) -> Finding:
    """``needed`` bytes are for the model's weights and its cache, besides everything else."""
    wanted = needed / GIB + _OURS_GIB
    said = (f"{available / GIB:.1f} of {total / GIB:.1f} GiB are free; about {wanted:.1f} are "
            "needed")  # fmt: skip
    if wanted > total / GIB:
        return wrong("memory", f"{said}.", "Take a smaller model, or a machine with more memory.")
    if wanted > available / GIB:
        return warning("memory", f"{said}.", "End what else uses memory before the start.")
    return ok("memory", f"{said}.")


def memory_here() -> tuple[int, int]:
    """Bytes in total and available, also where a container may have less than the machine."""
    machine = psutil.virtual_memory()
    total, available = int(machine.total), int(machine.available)
    groups = Path("/sys/fs/cgroup")
    try:
        most = int((groups / "memory.max").read_text())
        used = int((groups / "memory.current").read_text())
    except (OSError, ValueError):  # no such file, or `max`
        return total, available
    return min(total, most), min(available, max(0, most - used))


def disk(data: Path) -> Finding:
    """Writes a few kilobytes in the folder, or where it will be, and counts what is free."""
    folder = data.expanduser().absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE))
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(folder).free / GIB
    except OSError as error:
        return wrong(
            "disk",
            f"{folder} cannot be written: {error.strerror}.",
            "Make room, grant the right to write, or name another folder: --data.",
        )
    said = f"{free:.1f} GiB are free for {data}."
    if free < _NOTHING_GIB:
        return wrong("disk", said, "Make room, or name a folder on another disk: --data.")
    if free < _LITTLE_GIB:
        return warning("disk", said, "Make room before the index grows.")
    return ok("disk", said)


def open_files() -> Finding:
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    said = f"{limit} files and connections may be open at once."
    if 0 <= limit < min(_FEW_FILES, most if most >= 0 else _FEW_FILES):
        return warning("open files", said, f"Start it after `ulimit -n {_FEW_FILES}`, because "
                       "each editor keeps a connection open.")  # fmt: skip
    return ok("open files", said)
