"""Keeps Triton's report of leaks off the terminal when a process that imported it ends.

vLLM imports Triton, and torch may. When the interpreter is gone, the binding library in Triton
(nanobind) prints some 25 lines about objects that the interpreter did not free. They mean nothing
to an operator, and Triton has no switch for them; it hides them in its own workers in the way that
is done here.
"""

import atexit
import os
import sys

_LIBRARY = "triton._C.libtriton"


def hide() -> None:
    """Call it before either is imported: what is registered first runs last.

    Only what the interpreter itself prints after all exit handlers is lost. An exit without that
    library keeps its standard error.
    """
    atexit.register(_close_stderr)


def _close_stderr() -> None:
    if _LIBRARY not in sys.modules:
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
