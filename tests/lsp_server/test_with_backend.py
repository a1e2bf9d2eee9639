"""The language server against a real backend: gateway, rails, retrieval and extractive generator.

Its index is small, and its embedder knows words alone; all else is what ``glossator serve`` runs.
"""

from collections.abc import AsyncIterator

import pytest

from backend.deploy import build
from backend.deploy.local import LocalBackend, local_backend
from backend.generators.choose import Choice
from backend.settings import PiiRail, Rails, Server, Settings, ToxicityRail
from indexer.types import Chunk

SOURCE = """\
import numpy as np


def spectra(signals):
    found = []
    for signal in signals:
        found.append(np.fft.rfft(signal))
    return found
"""


def entry(symbol: str, summary: str, line: int) -> Chunk:
    return Chunk(
        source="package:numpy",
        uri="file:///site-packages/numpy/fft/_pocketfft.py",
        title=symbol,
        text=summary,
        kind="function",
        version="2.4.1",
        symbol=symbol,
        signature=f"{symbol}(a, n=None)",
        summary=summary,
        example=">>> np.fft.rfft([0, 1])",
        line=line,
    )


@pytest.fixture
async def backend(tmp_path, monkeypatch, word_embedder, stored) -> AsyncIterator[LocalBackend]:
    monkeypatch.setattr(build, "embedder", lambda retrieval: word_embedder)
    settings = Settings(
        server=Server(port=0),
        # These two load libraries for seconds, and have their own tests.
        rails=Rails(pii=PiiRail(action="off"), toxicity=ToxicityRail(action="off")),
    )
    async with local_backend(settings, tmp_path / "data", Choice("extractive", "", "")) as started:
        stored(
            started.store,
            word_embedder,
            entry("numpy.fft.rfft", "Compute the FFT of a real signal.", 324),
            entry("scipy.fft.rfft", "Another one.", 1),
        )
        yield started


@pytest.fixture
def uri(tmp_path):
    return (tmp_path / "spectra.py").as_uri()


async def test_hover_shows_the_entry_that_the_import_means(backend, open_editor, uri):
    editor = await open_editor(backend.url, hoverBudgetMs=10_000)
    editor.open(uri, SOURCE)
    hover = await editor.hover(uri, 6, 29)
    text = hover["contents"]["value"]
    assert text.startswith("```python\nnumpy.fft.rfft(a, n=None)\n```")
    assert "_pocketfft.py#L324" in text
    assert await editor.hover(uri, 6, 17) is None


async def test_optimize_without_a_model_offers_ruffs_fixes_cited(backend, open_editor, uri):
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    where = {"start": {"line": 3, "character": 0}, "end": {"line": 8, "character": 0}}
    document = {"uri": uri, "version": 1}
    _, response = editor.request(
        "glossator/rewrite", {"kind": "optimize", "textDocument": document, "range": where}
    )
    result = await response
    assert result["applicable"] is True
    assert "[np.fft.rfft(signal) for signal in signals]" in result["code"]
    assert "PERF401" in result["text"]
    assert result["citations"][0]["title"] == "numpy.fft.rfft"
    assert result["citations"][0]["line"] == 323
    _, response = editor.request("glossator/accept", {"id": result["id"]})
    assert (await response)["applied"] is True


async def test_explain_is_answered_about_the_code_at_the_cursor(backend, open_editor, uri):
    editor = await open_editor(backend.url)
    editor.open(uri, SOURCE)
    at = {"line": 6, "character": 4}
    params = {
        "textDocument": {"uri": uri},
        "range": {"start": at, "end": at},
        "partialResultToken": "e",
    }
    _, response = editor.request("glossator/explain", params)
    result = await response
    assert "numpy.fft.rfft" in result["text"]
    assert result["finishReason"] == "stop"
    assert (await editor.partial_results("e"))[-1] == {"kind": "end", "reason": "stop"}


async def test_a_backend_without_a_model_says_that_it_cannot_complete(backend, open_editor, uri):
    editor = await open_editor(backend.url)
    editor.open(uri, "y = \n")
    at = {"line": 0, "character": 4}
    _, answer = editor.request(
        "textDocument/inlineCompletion",
        {"textDocument": {"uri": uri}, "position": at, "context": {"triggerKind": 1}},
    )
    assert await answer is None
    while (status := await editor.statuses.get())["inlineCompletion"] != "unavailable":
        pass
    assert "extractive cannot complete code" in status["inlineCompletionReason"]
