"""The measurement of Neovim's and the language server's share, with few questions."""

import pytest

from loadtest.benchmarks.editors.editor_latency import measure, report

pytestmark = pytest.mark.editor


async def test_the_share_is_measured_on_a_terminal():
    """Every question is timed on its way out and on its way back."""
    rows = await measure(["neovim"], rounds=2, ttft_s=0.2)
    outward, back, both = rows.values()
    assert len(outward) == len(back) == 2
    assert min(outward + back) > 0
    assert both == [sum(share) for share in zip(outward, back, strict=True)]
    assert "first token → painted" in report(rows, 200, 2)
