"""The measurement of Neovim's and the language server's share, with few questions."""

import pytest

from loadtest.editor_latency import measure, report

pytestmark = pytest.mark.editor


async def test_the_share_is_measured_on_a_terminal():
    """Every question is timed on its way out and on its way back."""
    shares = await measure(rounds=2, ttft_s=0.2)
    assert len(shares) == 2
    assert all(min(outward, back) > 0 for outward, back, _ in shares)
    assert all(both == outward + back for outward, back, both in shares)
    assert "first token → painted" in report(shares, 200)
