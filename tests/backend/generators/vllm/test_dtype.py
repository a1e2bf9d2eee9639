"""The type of the weights: what is configured, unless that is `auto` and the CPU would emulate."""

import pytest

from backend.generators.vllm.dtype import cpu_abilities, dtype

OLD = {"sse4_2", "avx2", "avx512f"}


def test_a_cpu_that_would_emulate_bfloat16_takes_float32_and_says_why():
    chosen, why = dtype("auto", on_cpu=True, abilities=OLD)
    assert chosen == "float32"
    assert "bfloat16" in why


@pytest.mark.parametrize("native", ["avx512_bf16", "amx_bf16", "bf16"])
def test_a_cpu_with_bfloat16_keeps_the_checkpoints_type(native):
    assert dtype("auto", on_cpu=True, abilities={*OLD, native}) == ("auto", "")


def test_what_is_configured_is_taken():
    assert dtype("bfloat16", on_cpu=True, abilities=OLD) == ("bfloat16", "")


def test_a_gpu_and_an_unknown_cpu_keep_the_checkpoints_type():
    assert dtype("auto", on_cpu=False, abilities=OLD) == ("auto", "")
    assert dtype("auto", on_cpu=True, abilities=()) == ("auto", "")


def test_this_machine_tells_its_abilities():
    """Every 64-bit CPU that Linux runs here has one of these."""
    assert {"sse2", "asimd"} & cpu_abilities()
