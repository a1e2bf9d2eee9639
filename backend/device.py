"""Which device the small models run on, and how fast this machine's processor multiplies."""

import time

_ROWS, _IN, _OUT = 256, 896, 4864  # a layer of a model of 0.5B, for a piece of a prompt
_FOR_S = 0.3


def device(wanted: str) -> str:
    """``auto`` is a GPU where this process sees one, else the CPU.

    So that one settings file serves pods with a GPU and pods without.
    """
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def operations_s(dtype: str, threads: int = 0) -> float:
    """How many operations a second the processor does in layers of this type, at best.

    ``dtype`` is torch's name of it; any other name counts as bfloat16, which most weights have. It
    takes a third of a second, because the first passes are slower. 0 ``threads`` are as many as
    torch takes.
    """
    import torch

    kind = getattr(torch, dtype, None)
    kind = kind if isinstance(kind, torch.dtype) else torch.bfloat16
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        rows, layer = torch.ones(_ROWS, _IN, dtype=kind), torch.ones(_OUT, _IN, dtype=kind)
        fastest = float("inf")
        with torch.inference_mode():
            until = time.perf_counter() + _FOR_S
            while (began := time.perf_counter()) < until:
                torch.nn.functional.linear(rows, layer)
                fastest = min(fastest, time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)
    return 2 * _ROWS * _IN * _OUT / fastest
