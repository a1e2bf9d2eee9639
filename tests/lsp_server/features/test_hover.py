"""Inline help: the symbol that the imports mean, within its budget, and nothing that misleads."""

import pytest

from backend.protocol.wire import Entry, Found, Lookup
from lsp_server.documents.open_documents import Document
from lsp_server.features.hover import markdown, symbol_at

URI = "file:///project/signal.py"
SOURCE = """\
import numpy as np
from numpy.fft import rfft as forward
y = np.fft.irfft(forward(x))
print(y.reshape(2), self.merge, result)
"""


@pytest.mark.parametrize(
    ("row", "column", "symbol"),
    [
        (0, 8, "numpy"),
        (1, 13, "numpy.fft"),
        (2, 5, "numpy"),
        (2, 8, "numpy.fft"),
        (2, 12, "numpy.fft.irfft"),
        (2, 20, "numpy.fft.rfft"),
        (3, 1, "print"),
        (3, 10, "reshape"),
        (3, 25, ""),
        (3, 34, ""),
        (0, 2, ""),
    ],
    ids=["import", "from", "alias", "part", "whole", "renamed", "builtin", "method", "own method",
         "variable", "keyword"],
)  # fmt: skip
def test_the_name_is_resolved_through_the_imports(row, column, symbol):
    """A variable or a method of this file is not looked up: another's entry would mislead."""
    document = Document(URI, SOURCE, 1, "python", "utf-16")
    assert symbol_at(document, row, column)[0] == symbol


def test_a_hover_has_signature_summary_example_and_source():
    """An example that is too long is cut, and says so."""
    entry = Entry(
        "numpy.fft.rfft", "file:///f.py", "rfft(a, n=None)", "Real input.",
        "\n".join(f">>> {n}" for n in range(40)), 12, "package:numpy", "2.4",
    )  # fmt: skip
    text = markdown(entry, "python")
    assert text.startswith("```python\nrfft(a, n=None)\n```\n\nReal input.\n\n```python\n>>> 0\n")
    assert ">>> 15" not in text
    assert "…\n```" in text
    assert text.endswith("[numpy.fft.rfft 2.4](file:///f.py#L12)")


async def test_hover_asks_once_and_remembers(play, open_editor):
    """The second hover needs no backend."""
    asked = []

    async def script(peer):
        asked.append(await peer.receive(Lookup))
        entry = Entry("numpy.fft.irfft", "file:///f.py", "irfft(a)", "Inverse.")
        await peer.send(Found(id=asked[-1].id, seq=0, entries=(entry,)))
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url, hoverBudgetMs=10_000)
    editor.open(URI, SOURCE)
    for _ in range(2):
        answer = await editor.hover(URI, 2, 12)
        assert "irfft(a)" in answer["contents"]["value"]
    assert [(each.symbol, each.packages) for each in asked] == [("numpy.fft.irfft", ("numpy",))]


async def test_a_late_answer_is_no_hover(play, open_editor):
    """The editor waits no longer than the budget; nothing is reported."""

    async def script(peer):
        await peer.receive(Lookup)
        await peer.closed()

    backend = await play(script)
    editor = await open_editor(backend.url, hoverBudgetMs=50)
    editor.open(URI, SOURCE)
    assert await editor.hover(URI, 2, 12) is None
    assert editor.messages == []
