"""The measurement of VS Code's share of the first paint, with few answers."""

import pytest

from loadtest.benchmarks.editors import vscode
from loadtest.benchmarks.editors.editor_latency import of_vscode, report

pytestmark = pytest.mark.editor


async def test_the_share_is_measured_in_a_browser(address, browser):
    """Every answer is timed on its way out, on its way back, and without VS Code's own messages."""
    shares = await vscode.measure(browser, address, rounds=2, ttft_s=0.2)
    assert len(shares) == 2
    for share in shares:
        assert min(share.outward, share.back, share.frame, share.echo) > 0
        assert share.ours == share.outward + share.back - share.echo
    assert "VS Code: first token" in report(of_vscode(shares), 200, 2)
