"""Which device the small models run on: the embedder, the reranker and the rails."""


def device(wanted: str) -> str:
    """``auto`` is a GPU where this process sees one, else the CPU.

    So that one settings file serves pods with a GPU and pods without.
    """
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
