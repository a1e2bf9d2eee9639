"""Which type the weights have on this machine when the settings leave it open.

vLLM takes the checkpoint's own type, which is bfloat16 for most models. A CPU without instructions
for it emulates them: on two such cores a prompt was read at 13 tokens a second in bfloat16, and at
136 in float32, which takes twice the memory.
"""

import platform
from collections.abc import Collection
from pathlib import Path

# As Linux names them in /proc/cpuinfo: Zen 4 and Cooper Lake, Sapphire Rapids, Arm v8.6.
_NATIVE = {"avx512_bf16", "amx_bf16", "bf16"}


def dtype(configured: str, *, on_cpu: bool, abilities: Collection[str]) -> tuple[str, str]:
    """The type to use, and why when it is not the configured one ("" otherwise).

    ``abilities`` are the CPU's flags; none means that nobody knows them.
    """
    if configured != "auto" or not on_cpu or not abilities or _NATIVE.intersection(abilities):
        return configured, ""
    return "float32", (
        "this CPU has no instructions for bfloat16, which it would emulate ten times slower; "
        "[vllm] dtype chooses another type"
    )


def cpu_abilities() -> frozenset[str]:
    """The flags of this machine's CPU; none where the system does not tell."""
    if platform.system() != "Linux":
        return frozenset()
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    listed = (line.partition(":") for line in text.splitlines())
    return frozenset(
        flag
        for name, _, flags in listed
        if name.strip() in ("flags", "Features")
        for flag in flags.split()
    )
