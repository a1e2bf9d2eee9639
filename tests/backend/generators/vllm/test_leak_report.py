"""The end of a process that has imported Triton, in a real one."""

import subprocess
import sys

import pytest

LEAK = (
    "import ctypes, triton._C.libtriton as lib; context = lib.ir.context(); "
    "ctypes.pythonapi.Py_IncRef(ctypes.py_object(context)); "
)
HIDE = "from backend.generators.vllm import leak_report; leak_report.hide(); "
LAST_WORDS = "import atexit, sys; atexit.register(lambda: print('last words', file=sys.stderr)); "


def end_of(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.returncode, done.stderr


def test_a_leak_in_triton_is_not_reported_and_all_else_is():
    pytest.importorskip("triton")
    assert "nanobind: leaked" in end_of(LEAK)[1], "Triton is quiet now: remove leak_report"
    assert end_of(HIDE + LAST_WORDS + LEAK) == (0, "last words\n")


def test_an_error_that_ends_the_process_is_still_shown():
    pytest.importorskip("triton")
    code, said = end_of(HIDE + LEAK + "raise SystemExit('no such model')")
    assert (code, said) == (1, "no such model\n")
    assert "Traceback" in end_of(HIDE + LEAK + "1 / 0")[1]


def test_a_process_without_triton_keeps_its_standard_error():
    late = "import atexit; atexit.register(lambda: print('later', file=__import__('sys').stderr))\n"
    assert end_of(late + HIDE) == (0, "later\n")
